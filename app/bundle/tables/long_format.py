"""Long-format tables, of one row per step, gathered into one row per id whose changing columns become series."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.tables.columns import number_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.tables.errors import TableError
from app.bundle.tables.reader import DataFile

_FIRST_ROW = "first row of the id"


def gather(
    data: DataFile,
    id_column: str,
    order_column: str | None = None,
    *,
    ignored: Collection[str] = (),
    single: Collection[str] = (),
    series: Collection[str] | None = None,
) -> DataFile:
    """Return a table, held in memory, of one row per id: the columns that do not change, and the series.

    Ids come in the order of their first rows, the steps of each in the order of `order_column`, or of the file. A
    series is a list of the numbers that are not missing. `series` names the columns that become series; None stands
    for the columns of numbers that change within an id and are not `single`. Raises TableError where an id or an order
    is missing, or another column changes within an id.
    """
    frame = data.read()
    absent = [name for name in (id_column, order_column) if name is not None and name not in frame.columns]
    if absent:
        raise TableError(f"{data.path}: long: there is no column {absent[0]!r}")
    _check_filled(data, frame[id_column])
    frame = _in_order(data, frame, id_column, order_column)
    columns = [name for name in data.columns if name not in (id_column, order_column, *ignored)]
    changing = _changing(frame, id_column, columns)
    wanted = changing if series is None else series
    gathered_columns = {
        name: _numbers(frame[name], data.decimal_marks) for name in columns if name in wanted and name not in single
    }
    wrong = [name for name, numbers in gathered_columns.items() if numbers is None]
    fixed = [name for name in columns if name not in gathered_columns]
    for name in columns:
        if name in changing and name in (*wrong, *fixed):
            problem = f"differs within {id_column!r} {shorten(changing[name])}"
            hint = "only numbers make a series, set its kind to ignore"
            raise TableError(f"{data.path}: column {name!r} {problem}; {hint}")
        if name in wrong:
            raise TableError(f"{data.path}: column {name!r} must hold only numbers, to be a series")
    gathered = (
        frame.with_columns([numbers for numbers in gathered_columns.values() if numbers is not None])
        .group_by(id_column, maintain_order=True)
        .agg(
            *[pl.col(name).drop_nulls().first() for name in fixed],
            *[pl.col(name).drop_nulls() for name in gathered_columns],
        )
        .with_columns(pl.when(pl.col(name).list.len() > 0).then(pl.col(name)) for name in gathered_columns)
    )
    marks = {name: mark for name, mark in data.decimal_marks.items() if name in fixed}
    kept = (id_column, *columns)
    return replace(
        data, columns=kept, n_rows=gathered.height, layout=None, decimal_marks=marks, frame=gathered.select(kept)
    )


def _check_filled(data: DataFile, column: pl.Series) -> None:
    if column.null_count():
        row = int(column.is_null().arg_true()[0])
        raise TableError(f"{data.path}: column {column.name!r}, row {row} (counted from 0): a value is needed")


def _in_order(data: DataFile, frame: pl.DataFrame, id_column: str, order_column: str | None) -> pl.DataFrame:
    """Return the rows of each id together and in order, the ids in the order of their first rows."""
    frame = frame.with_row_index(_FIRST_ROW).with_columns(pl.col(_FIRST_ROW).min().over(id_column))
    if order_column is None:
        return frame.sort(_FIRST_ROW, maintain_order=True)
    _check_filled(data, frame[order_column])
    numbers = _numbers(frame[order_column], data.decimal_marks)
    key = frame[order_column] if numbers is None else numbers  # text of ISO dates sorts by time
    return frame.with_columns(key).sort(_FIRST_ROW, order_column, maintain_order=True)


def _changing(frame: pl.DataFrame, id_column: str, columns: Sequence[str]) -> Mapping[str, Any]:
    """Return the columns that differ within an id, each with such an id."""
    counts = frame.group_by(id_column, maintain_order=True).agg(
        pl.col(name).drop_nulls().n_unique() for name in columns
    )
    ids_by_column = {name: counts.filter(pl.col(name) > 1)[id_column] for name in columns}
    return {name: ids[0] for name, ids in ids_by_column.items() if len(ids)}


def _numbers(column: pl.Series, marks: Mapping[str, DecimalMark]) -> pl.Series | None:
    """Return a Float64 column, None where a cell is no number."""
    numbers, wrong = number_column(column, marks.get(column.name, "."))
    return None if wrong.any() else numbers
