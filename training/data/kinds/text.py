"""Text: sentences in any language.

Tests: tests/training/test_text.py, tests/training/report/test_overview.py (summary)
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from app.bundle.tables.columns import category_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.text import TextFeature, TextStatistics
from training.data.kinds.base import Kind, Source, Summary, TypedColumn, is_useless
from training.data.leakage import NEARLY
from training.data.missing import blank_texts, without
from training.formats import compact

UNSEEN = "\u0378 \u0379"
"""Text of code points that Unicode assigns to no character."""
EDGES: tuple[Callable[[TextStatistics], str | None], ...] = (
    lambda fitted: " ".join(fitted.ngrams[:100]),
    lambda fitted: " ".join(fitted.ngrams[-100:]),
    lambda fitted: "x" * fitted.max_characters * 2,
    lambda _: UNSEEN,
    lambda _: "",
    lambda _: None,
)
"""Text of common and of rare n-grams, too long, unknown and empty text, and a missing cell."""

_MANY_TEXTS = 50
_SENTENCE_CHARACTERS = 40
_SENTENCE_UNSPACED = 8
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 text has no decimals
    """Return whether there are many distinct texts, most of them sentences, or too many to learn from as categories."""
    distinct = filled.n_unique() if filled.dtype == pl.String else 0
    if distinct <= _MANY_TEXTS:
        return False
    sentences = (
        filled.str.contains(r"\S\s+\S+\s+\S+\s+\S")
        | (filled.str.len_chars() >= _SENTENCE_CHARACTERS)
        | (filled.str.count_matches(_UNSPACED) >= _SENTENCE_UNSPACED)
    )
    share = distinct / len(filled)
    return share > 0.2 if sentences.sum() > len(filled) / 2 else 0.5 < share < NEARLY


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
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
    """Return the summary of the train split's cells."""
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


KIND = Kind(
    name="text",
    takes="text",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
)
