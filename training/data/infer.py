"""The kind of a column, from its cells where the configuration does not set it, and the column read by its kind.

Tests: tests/training/data/test_cleaning.py (an honest column is kept and has a kind)
"""

import polars as pl

from app.bundle.tables.columns import is_blank
from app.bundle.tables.decimal_marks import DecimalMark
from training.data.kinds import KINDS
from training.data.kinds.base import LEFT_OUT, Source, TypedColumn, declared_texts


def read_column(series: pl.Series, source: Source) -> TypedColumn:
    """Return the typed column; a configured kind takes precedence over what the cells suggest.

    Raises InputError where a cell breaks the configuration: no number in a column of numbers, or one out of bounds.
    """
    column, settings = TypedColumn(series.name), source.settings
    if series.dtype == pl.String:
        declared = declared_texts(settings)
        series = series.set(series.is_in(declared).fill_null(value=False), None) if declared else series
    kind = settings.kind or infer_kind(series, source.mark)
    if kind is not None:
        KINDS[kind].read(column, series, source)
        return column
    cells = "times of day or durations" if series.dtype.is_temporal() else f"cells of type {series.dtype}"
    column.note(f"{cells}, a kind that is not supported", LEFT_OUT, len(series))
    return column


def infer_kind(series: pl.Series, mark: DecimalMark) -> str | None:
    """Return the first kind that recognizes the column's cells, None where no kind does."""
    filled = series
    if series.dtype == pl.String:
        filled = series.filter(series.is_not_null() & ~is_blank(series))
    return next((name for name, kind in KINDS.items() if kind.recognizes(filled, mark)), None)
