"""Text: sentences in any language."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from app.bundle.tables.columns import category_column
from app.bundle.transforms.text import TextFeature, TextStatistics
from training.data.kinds.base import Column, Source, Summary, is_useless
from training.data.missing import blank_texts, without
from training.formats import compact

UNSEEN = "\u0378 \u0379"
"""Code points that Unicode assigns to no character."""
EDGES: tuple[Callable[[TextStatistics], str | None], ...] = (
    lambda fitted: " ".join(fitted.ngrams[:100]),
    lambda fitted: " ".join(fitted.ngrams[-100:]),
    lambda fitted: "x" * fitted.max_characters * 2,
    lambda _: UNSEEN,
    lambda _: "",
    lambda _: None,
)
"""Cells that hardly a test split holds and every service meets: common, rare, too long, strange and no text."""


def read(column: Column, series: pl.Series, source: Source) -> None:
    """Fill the column with texts, None where missing, and its feature."""
    settings = source.settings
    cells = category_column(series)
    missing = blank_texts(cells) if settings.missing_values is None else tuple(map(str, settings.missing_values))
    cells = without(cells, missing)
    filled = [cell for cell in cells if cell is not None]
    if is_useless(column, len(cells), filled, settings):
        return
    column.values = cells
    column.feature = TextFeature(
        name=column.name,
        description=settings.description,
        nullable=len(filled) < len(cells),
        missing_values=missing,
        example=_of_median_length(filled),
    )


def _of_median_length(texts: Sequence[str]) -> str:
    return sorted(texts, key=lambda text: (len(text), text))[len(texts) // 2]


def summarize(feature: TextFeature, statistics: TextStatistics, column: Sequence[Any]) -> Summary:
    """Of the train split's cells."""
    lengths = [len(text) for text in column if text is not None and text not in feature.missing_values]
    facts = (
        ("characters, median", compact(float(np.median(lengths or [0])))),
        ("characters, longest", compact(max(lengths, default=0))),
        ("words and characters known", f"{len(statistics.vocabulary):,}"),
        ("n-grams known", f"{len(statistics.ngrams):,}"),
    )
    return Summary(
        missing_share=1 - len(lengths) / len(column),
        facts=facts,
    )
