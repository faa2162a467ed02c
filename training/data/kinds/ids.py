"""Users and items: ids, very many of them, each in several rows.

Tests: tests/training/test_recommend.py
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from app.bundle.transforms.ids import IdFeature, IdStatistics, ItemFeature, UserFeature
from training.data.kinds.base import Kind, Source, Summary, TypedColumn, is_useless
from training.data.kinds.category import UNSEEN, most_frequent, read_texts
from training.formats import compact

EDGES: tuple[Callable[[IdStatistics], str | None], ...] = (
    lambda fitted: next(iter(fitted.ids), None),
    lambda fitted: next(reversed(fitted.ids), None),
    lambda _: UNSEEN,
    lambda _: None,
)


def read(feature: type[IdFeature], column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with ids, None where missing, and its feature."""
    cells, missing = read_texts(column, series, source.settings)
    filled = [cell for cell in cells if cell is not None]
    if is_useless(column, len(cells), filled, source.settings):
        return
    column.values = cells
    column.feature = feature(
        name=column.name,
        description=source.settings.description,
        nullable=len(filled) < len(cells),
        missing_values=missing,
        example=most_frequent(filled),
    )


def summarize(feature: IdFeature, statistics: IdStatistics, column: Sequence[Any]) -> Summary:
    """Return a summary of the train split's cells, without ids: more people read a report than may know them."""
    counts = Counter(text for text in column if text is not None)
    rows = list(counts.values()) or [0]
    facts = (
        (f"{feature.kind}s", f"{len(counts):,}"),
        ("known", f"{len(statistics.ids):,}"),
        (f"rows of a {feature.kind}, median", compact(float(np.median(rows)))),
        (f"rows of a {feature.kind}, most", f"{max(rows):,}"),
    )
    return Summary(missing_share=1 - counts.total() / len(column), facts=facts)


USER_KIND = Kind(name="user", takes="a string", read=partial(read, UserFeature), edges=EDGES, summarize=summarize)
ITEM_KIND = Kind(name="item", takes="a string", read=partial(read, ItemFeature), edges=EDGES, summarize=summarize)
