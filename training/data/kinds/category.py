"""Categories: few distinct texts, each in many rows.

Tests: tests/training/data/test_cleaning.py, tests/training/evaluation/test_partial_dependence.py (grid)
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.tables.columns import category_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.category import CategoryFeature, CategoryStatistics
from training.config import ColumnConfig
from training.data.kinds.base import LEFT_OUT, Bar, Kind, Source, Summary, TypedColumn, is_useless
from training.data.leakage import texts_identify
from training.data.missing import blank_texts, without

MAX_VALUES = 8
UNSEEN = "\x00 never seen in training"
EDGES: tuple[Callable[[CategoryStatistics], str | None], ...] = (
    lambda fitted: next(iter(fitted.categories), None),
    lambda fitted: next(reversed(fitted.categories), None),
    lambda _: UNSEEN,
    lambda _: None,
)
"""The most frequent and the rarest category, one that training never saw, and a missing cell."""
N_TOP_CATEGORIES = 4


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 a category has no decimals
    """Return whether the cells are of a type that has a text for each; numbers are recognized before."""
    dtype = filled.dtype
    return not (dtype.is_nested() or dtype.is_temporal() or dtype in (pl.Binary, pl.Object))


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with texts, None where missing, and its feature."""
    settings = source.settings
    cells, missing = read_texts(column, series, settings)
    filled = [cell for cell in cells if cell is not None]
    if is_useless(column, len(cells), filled, settings):
        return
    if settings.kind is None and texts_identify(column.name, filled):
        column.note("identifies rows: (nearly) every row has a text of its own", LEFT_OUT, len(cells))
        return
    column.values = cells
    column.feature = CategoryFeature(
        name=column.name,
        description=settings.description,
        nullable=len(filled) < len(cells),
        missing_values=missing,
        example=most_frequent(filled),
    )


def grid(cells: Sequence[str | None]) -> list[str]:
    """Return at most MAX_VALUES categories, the most frequent first."""
    counts = Counter(cell for cell in cells if cell is not None)
    return sorted(counts, key=lambda text: (-counts[text], text))[:MAX_VALUES]


def read_texts(
    column: TypedColumn, series: pl.Series, settings: ColumnConfig
) -> tuple[list[str | None], tuple[str, ...]]:
    """Return the cells as texts, None where missing, and the texts that stand for missing, which are noted."""
    cells = category_column(series)
    if settings.missing_values is None:
        missing = blank_texts(cells)
    else:
        missing = tuple(value if isinstance(value, str) else f"{value:g}" for value in settings.missing_values)
    for text in missing:
        if count := cells.count(text):
            column.note(
                f"{shorten(text)} stands for a missing category", "taken as missing, in training and serving", count
            )
    return without(cells, missing), missing


def most_frequent(cells: Sequence[str]) -> str:
    """Return the most frequent text, the first in alphabetical order in a tie."""
    counts = Counter(cells)
    return min(counts, key=lambda text: (-counts[text], text))


def summarize(feature: CategoryFeature, statistics: CategoryStatistics, column: Sequence[Any]) -> Summary:
    """Return the summary of the train split's cells."""
    counts = Counter(text for text in column if text is not None and text not in feature.missing_values)
    present, known = counts.total(), statistics.categories
    shown = known if len(known) <= N_TOP_CATEGORIES + 1 else known[:N_TOP_CATEGORIES]
    bars = [Bar(text, counts[text] / max(present, 1)) for text in shown]
    if len(known) > len(shown):
        bars.append(Bar(f"{len(known) - len(shown):,} more", 1 - sum(bar.share for bar in bars), rest=True))
    return Summary(
        missing_share=1 - present / len(column),
        facts=(("categories", f"{len(known):,}"),),
        bars=tuple(bars),
    )


KIND = Kind(
    name="category",
    takes="a string",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
    grid=grid,
)
