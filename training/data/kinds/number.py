"""Numbers, also written as text.

Tests: tests/training/data/test_cleaning.py, tests/training/evaluation/test_partial_dependence.py (grid)
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.tables.columns import is_blank, number_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.number import NumberFeature, NumberStatistics
from training.config import ColumnConfig
from training.data.histogram import histogram
from training.data.kinds.base import LEFT_OUT, MOSTLY, N_BINS, Kind, Source, Summary, TypedColumn, is_useless, where
from training.data.leakage import numbers_identify
from training.data.missing import blank_numbers, isolated_zeros
from training.errors import InputError
from training.formats import compact

HUGE = 1e300
N_QUANTILES = 21
EDGES: tuple[Callable[[NumberStatistics], float | None], ...] = (
    lambda fitted: fitted.median,
    lambda fitted: fitted.minimum,
    lambda fitted: fitted.maximum,
    lambda _: HUGE,
    lambda _: -HUGE,
    lambda _: None,
)
"""The typical cell, the ends of the training range, far outliers, and a missing cell."""

_MANY_TEXTS = 50
"""Distinct texts from which strays that contain digits do not make a column of numbers one of codes."""
_PLAIN_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:
    """Return whether the cells are numbers, or text of which nearly all are numbers.

    Codes with leading zeros are not numbers, nor are few distinct texts some of which mix digits and letters.
    """
    if filled.dtype != pl.String:
        return filled.dtype.is_numeric()
    numbers, wrong = number_column(filled, mark)
    is_code = filled.str.contains(r"^0\d+$").any()
    if is_code or numbers.count() < max(MOSTLY * len(filled), 1):
        return False
    return filled.n_unique() > _MANY_TEXTS or not filled.filter(wrong).str.contains(r"\d").any()


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with float64 numbers, NaN where missing, and its feature.

    Raises InputError where a cell breaks the configuration: no number in a column of numbers, or out of bounds.
    """
    row_ids, mark, settings = source.row_ids, source.mark, source.settings
    numbers, wrong = number_column(series, mark)
    if settings.kind == "number" and wrong.any():
        first = int(wrong.arg_true()[0])
        raise InputError(f"{where(column, row_ids[first])}: a number is needed, received {shorten(series[first])}")
    if series.dtype == pl.String:
        _note_text(column, series, numbers, mark)
    if wrong.any():
        action = "taken as missing; the service refuses such cells, so send null"
        column.note(f"cells that are not numbers, such as {shorten(series.filter(wrong)[0])}", action, int(wrong.sum()))
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
    if is_useless(column, len(values), filled.tolist(), settings):
        return
    if settings.kind is None and numbers_identify(column.name, filled):
        column.note("identifies rows: (nearly) every row has a whole number of its own", LEFT_OUT, len(values))
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


def grid(cells: NDArray[np.float64]) -> list[float]:
    """Return quantiles of the present cells, from the 2nd to the 98th percentile; all are values that were seen."""
    filled = cells[~np.isnan(cells)]
    if not filled.size:
        return []
    shares = np.linspace(0.02, 0.98, N_QUANTILES)
    return [float(value) for value in np.unique(np.quantile(filled, shares, method="nearest"))]


def _note_text(column: TypedColumn, series: pl.Series, numbers: pl.Series, mark: DecimalMark) -> None:
    """Note the cells that are not plain numbers, but text read as numbers or as missing."""
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
    column: TypedColumn, values: NDArray[np.float64], row_ids: NDArray[np.int64], settings: ColumnConfig
) -> None:
    for bound, rule, broken in (
        (settings.minimum, "at least", np.less),
        (settings.maximum, "at most", np.greater),
    ):
        if bound is not None and (outside := broken(values, bound)).any():
            first = int(outside.argmax())
            place = where(column, row_ids[first])
            raise InputError(f"{place}: the configuration wants {rule} {bound:g}, received {values[first]:g}")


def summarize(feature: NumberFeature, statistics: NumberStatistics, column: Sequence[Any]) -> Summary:
    """Return the summary of the train split's cells."""
    values = np.asarray(column, dtype=np.float64)
    present = values[~np.isnan(values) & ~np.isin(values, feature.missing_values)]
    facts = (
        ("range", f"{compact(statistics.minimum)} to {compact(statistics.maximum)}"),
        ("mean ± deviation", f"{compact(statistics.mean)} ± {compact(statistics.standard_deviation)}"),
        ("median", compact(statistics.median)),
    )
    return Summary(
        missing_share=1 - present.size / len(values),
        facts=facts,
        histogram=histogram(present, N_BINS) if present.size else None,
    )


KIND = Kind(
    name="number",
    takes="a number",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
    grid=grid,
)
