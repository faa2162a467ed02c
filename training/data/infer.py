"""One column of a data file to one typed feature, or the reason that there is none."""

from typing import Literal

import polars as pl

from app.bundle.tables.columns import is_blank, number_column
from app.bundle.tables.decimal_marks import DecimalMark
from training.data.kinds import KINDS, audio, image
from training.data.kinds.base import LEFT_OUT, Column, Source, declared_texts
from training.data.kinds.boolean import are_booleans
from training.data.kinds.series import are_series, is_list_of_numbers
from training.data.leakage import NEARLY

_MOSTLY = 0.95
_MANY_TEXTS = 50
_SENTENCE_CHARACTERS = 40
_SENTENCE_UNSPACED = 8
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_DATE = (
    r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*(?:Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?$"
)

Unsupported = Literal["times", "nested"]


def read_column(series: pl.Series, source: Source) -> Column:
    """The typed column; what the settings say goes before what its cells suggest.

    Raises InputError where a cell breaks the settings: no number in a column said to hold numbers, or out of bounds.
    """
    column, settings = Column(series.name), source.settings
    if series.dtype == pl.String:
        declared = declared_texts(settings)
        series = series.set(series.is_in(declared).fill_null(value=False), None) if declared else series
    kind = settings.kind or infer_kind(series, source.mark)
    if kind in KINDS:
        KINDS[kind].read(column, series, source)
    else:
        reason = {
            "times": "times of day or durations, a kind that is not supported",
            "nested": f"cells of type {series.dtype}, a kind that is not supported",
        }[kind]
        column.note(reason, LEFT_OUT, len(series))
    return column


def infer_kind(
    series: pl.Series, mark: DecimalMark
) -> Literal["number", "category", "boolean", "date", "text", "series", "image", "audio"] | Unsupported:
    """What the cells hold.

    Text is numbers if (nearly) all of its cells are. Codes with leading zeros are not, nor few different texts of
    which some mix digits and letters.
    """
    if is_list_of_numbers(series.dtype):
        return "series"
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        return "nested"
    if series.dtype.is_temporal():
        return "date" if series.dtype in (pl.Date, pl.Datetime) else "times"
    if series.dtype == pl.Boolean:
        return "boolean"
    if series.dtype != pl.String:
        return "number" if series.dtype.is_numeric() else "category"
    filled = series.filter(series.is_not_null() & ~is_blank(series))
    if are_booleans(filled):
        return "boolean"
    numbers, wrong = number_column(filled, mark)
    stray = filled.filter(wrong)
    is_code = filled.str.contains(r"^0\d+$").any()
    mostly = numbers.count() >= max(_MOSTLY * len(filled), 1)
    if mostly and not is_code and (filled.n_unique() > _MANY_TEXTS or not stray.str.contains(r"\d").any()):
        return "number"
    if len(filled) and filled.str.contains(_DATE).sum() >= _MOSTLY * len(filled):
        return "date"
    if len(filled) and are_series(filled).sum() >= _MOSTLY * len(filled):
        return "series"
    if len(filled) and filled.str.contains(image.PATH).sum() >= _MOSTLY * len(filled):
        return "image"
    if len(filled) and filled.str.contains(audio.PATH).sum() >= _MOSTLY * len(filled):
        return "audio"
    return "text" if _is_text(filled) else "category"


def _is_text(filled: pl.Series) -> bool:
    """Many different texts, most of them sentences; or so many that a category would learn little of each."""
    distinct = filled.n_unique()
    if distinct <= _MANY_TEXTS:
        return False
    sentences = (
        filled.str.contains(r"\S\s+\S+\s+\S+\s+\S")
        | (filled.str.len_chars() >= _SENTENCE_CHARACTERS)
        | (filled.str.count_matches(_UNSPACED) >= _SENTENCE_UNSPACED)
    )
    share = distinct / len(filled)
    return share > 0.2 if sentences.sum() > len(filled) / 2 else 0.5 < share < NEARLY
