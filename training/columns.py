"""One column of a data file to one typed feature, or the reason that there is none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.bundle.decimals import DecimalMark
from app.bundle.features import CategoryFeature, Feature, NumberFeature
from app.bundle.tables import category_column, is_blank, number_column
from app.bundle.text import shorten
from training.blanks import blank_numbers, blank_texts, isolated_zeros, without
from training.config import ColumnConfig
from training.dataset import Finding
from training.errors import InputError
from training.leakage import NEARLY, numbers_identify, texts_identify

LEFT_OUT = "left out"
MIN_FILLED = 10
"""Cells with a value below which a column that is mostly gaps is left out: the train split might hold none of them."""
_MOSTLY = 0.95
_MANY_TEXTS = 50
_SENTENCE_CHARACTERS = 40
_PLAIN_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_DATE = (
    r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*(?:Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?$"
)

Unsupported = Literal["dates", "free text", "nested"]


@dataclass(slots=True)
class Column:
    """`values` as `Table.columns` holds them; `feature` is None where the column is left out."""

    name: str
    feature: Feature | None = None
    values: Any = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, problem: str, action: str, count: int) -> None:
        """Report what was found in the column."""
        self.findings.append(Finding(self.name, problem, action, count))


def read_column(series: pl.Series, row_ids: NDArray[np.int64], mark: DecimalMark, settings: ColumnConfig) -> Column:
    """The typed column; what `settings` say goes before what its cells suggest.

    Raises InputError where a cell breaks the settings: no number in a column said to hold numbers, or out of bounds.
    """
    column = Column(series.name)
    if series.dtype == pl.String:
        declared = [value for value in settings.missing_values or () if isinstance(value, str)]
        series = series.set(series.is_in(declared).fill_null(value=False), None) if declared else series
    kind = settings.kind or infer_kind(series, mark)
    if kind == "number":
        _read_numbers(column, series, row_ids, mark, settings)
    elif kind == "category":
        _read_categories(column, series, settings)
    else:
        reason = {
            "dates": "dates or times, a kind that is not supported yet",
            "free text": f"free text ({series.n_unique():,} different), a kind that is not supported yet",
            "nested": f"cells of type {series.dtype}, a kind that is not supported",
        }[kind]
        column.note(reason, LEFT_OUT, len(series))
    return column


def infer_kind(series: pl.Series, mark: DecimalMark) -> Literal["number", "category"] | Unsupported:
    """What the cells hold.

    Text is numbers if (nearly) all of its cells are. Codes with leading zeros are not, nor few different texts of
    which some mix digits and letters.
    """
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        return "nested"
    if series.dtype.is_temporal():
        return "dates"
    if series.dtype != pl.String:
        return "number" if series.dtype.is_numeric() else "category"
    filled = series.filter(series.is_not_null() & ~is_blank(series))
    numbers, wrong = number_column(filled, mark)
    stray = filled.filter(wrong)
    is_code = filled.str.contains(r"^0\d+$").any()
    mostly = numbers.count() >= max(_MOSTLY * len(filled), 1)
    if mostly and not is_code and (filled.n_unique() > _MANY_TEXTS or not stray.str.contains(r"\d").any()):
        return "number"
    if len(filled) and filled.str.contains(_DATE).sum() >= _MOSTLY * len(filled):
        return "dates"
    return "free text" if _is_free_text(filled) else "category"


def _is_free_text(filled: pl.Series) -> bool:
    """Many different texts, most of them sentences; or so many that a category would learn little of each."""
    distinct = filled.n_unique()
    if distinct <= _MANY_TEXTS:
        return False
    sentences = filled.str.contains(r"\S\s+\S+\s+\S+\s+\S") | (filled.str.len_chars() >= _SENTENCE_CHARACTERS)
    share = distinct / len(filled)
    return share > 0.2 if sentences.sum() > len(filled) / 2 else 0.5 < share < NEARLY


def _read_numbers(
    column: Column, series: pl.Series, row_ids: NDArray[np.int64], mark: DecimalMark, settings: ColumnConfig
) -> None:
    numbers, wrong = number_column(series, mark)
    if settings.kind == "number" and wrong.any():
        first = int(wrong.arg_true()[0])
        raise InputError(f"{_where(column, row_ids[first])}: a number is needed, received {shorten(series[first])}")
    if series.dtype == pl.String:
        _note_text(column, series, numbers, mark)
    if wrong.any():
        action = "taken as missing; the service refuses such cells, send null"
        column.note(f"cells that are no numbers, such as {shorten(series.filter(wrong)[0])}", action, int(wrong.sum()))
    values = numbers.to_numpy().astype(np.float64)
    missing = _declared_numbers(settings) if settings.missing_values is not None else blank_numbers(values)
    for value in missing:
        count = int((values == value).sum())
        column.note(f"{value:g} stands for a missing number", "taken as missing, in training and serving", count)
    values[np.isin(values, missing)] = np.nan
    zeros = isolated_zeros(values)
    if zeros:
        column.note("zeros far below all other numbers", "kept; set missing_values = [0] if they are missing", zeros)
    _check_bounds(column, values, row_ids, settings)
    filled = values[~np.isnan(values)]
    if _is_useless(column, len(values), filled.tolist(), settings):
        return
    if settings.kind is None and numbers_identify(column.name, filled):
        column.note("identifies rows: whole numbers, (nearly) each row its own", LEFT_OUT, len(values))
        return
    column.values = values
    column.feature = NumberFeature(
        name=column.name,
        description=settings.description,
        nullable=filled.size < values.size,
        missing_values=missing,
        minimum=settings.minimum,
        maximum=settings.maximum,
        example=float(np.quantile(filled, 0.5, method="nearest")),
    )


def _read_categories(column: Column, series: pl.Series, settings: ColumnConfig) -> None:
    cells = category_column(series)
    if settings.missing_values is None:
        missing = blank_texts(cells)
    else:
        missing = tuple(value if isinstance(value, str) else f"{value:g}" for value in settings.missing_values)
    for text in missing:
        if count := cells.count(text):
            column.note(f"{shorten(text)} stands for no category", "taken as missing, in training and serving", count)
    cells = without(cells, missing)
    filled = [cell for cell in cells if cell is not None]
    if _is_useless(column, len(cells), filled, settings):
        return
    if settings.kind is None and texts_identify(column.name, filled):
        column.note("identifies rows: (nearly) each row its own text", LEFT_OUT, len(cells))
        return
    column.values = cells
    column.feature = CategoryFeature(
        name=column.name,
        description=settings.description,
        nullable=len(filled) < len(cells),
        missing_values=missing,
        example=_most_frequent(filled),
    )


def _most_frequent(cells: Sequence[str]) -> str:
    counts = Counter(cells)
    return min(counts, key=lambda text: (-counts[text], text))


def _note_text(column: Column, series: pl.Series, numbers: pl.Series, mark: DecimalMark) -> None:
    """Report the cells that are numbers, or missing, in other words than plain ones."""
    hidden = series.filter(numbers.is_not_null() & ~series.str.contains(_PLAIN_NUMBER))
    blank = series.filter(is_blank(series))
    if len(hidden):
        what = "numbers with a decimal comma" if mark == "," else "numbers hidden in text"
        column.note(f"{what}, such as {shorten(hidden[0])}", "read as numbers", len(hidden))
    if len(blank):
        column.note(f"{shorten(blank[0])} stands for a missing number", "taken as missing", len(blank))


def _declared_numbers(settings: ColumnConfig) -> tuple[float, ...]:
    values, wrong = number_column(pl.Series([str(value) for value in settings.missing_values or ()], dtype=pl.String))
    return tuple(values.filter(~wrong).drop_nulls().to_list())


def _check_bounds(
    column: Column, values: NDArray[np.float64], row_ids: NDArray[np.int64], settings: ColumnConfig
) -> None:
    for bound, rule, broken in (
        (settings.minimum, "at least", np.less),
        (settings.maximum, "at most", np.greater),
    ):
        if bound is not None and (outside := broken(values, bound)).any():
            first = int(outside.argmax())
            where = _where(column, row_ids[first])
            raise InputError(f"{where}: the configuration wants {rule} {bound:g}, received {values[first]:g}")


def _is_useless(column: Column, n_rows: int, filled: Sequence[Any], settings: ColumnConfig) -> bool:
    if not filled:
        column.note("empty: no cell holds a value", LEFT_OUT, n_rows)
    elif settings.kind is not None:
        return False
    elif len(filled) == n_rows and len(set(filled)) == 1:
        column.note(f"constant: every cell is {shorten(filled[0])}", LEFT_OUT, n_rows)
    elif len(filled) < min(MIN_FILLED, n_rows / 2):
        column.note(f"nearly empty: {len(filled)} cells hold a value", LEFT_OUT, n_rows)
    else:
        return False
    return True


def _where(column: Column, row_id: int) -> str:
    return f"column {column.name!r}, row {row_id} (counted from 0)"
