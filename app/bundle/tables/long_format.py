"""Long-format tables: a row a step, gathered into one row an id, whose columns that change are series."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.manifest import LongFormat
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.tables.reader import DataFile, TableError, number_column

_FIRST = "first row of the id"


def gather(
    data: DataFile,
    form: LongFormat,
    *,
    ignored: Collection[str] = (),
    single: Collection[str] = (),
    series: Collection[str] | None = None,
) -> DataFile:
    """A row an id, in the order of their first rows, held in memory: its columns that do not change, and its series.

    A series is a list of numbers, without those that are missing. `series` names the columns that make one, None for
    those of numbers that change within an id and are not `single`. Raises TableError where an id or an order is
    missing, or another column changes within an id.
    """
    frame = data.read()
    absent = [name for name in (form.id, form.order) if name is not None and name not in frame.columns]
    if absent:
        raise TableError(f"{data.path}: long: there is no column {absent[0]!r}")
    _check_filled(data, frame[form.id])
    frame = _in_order(data, frame, form)
    columns = [name for name in data.columns if name not in (form.id, form.order, *ignored)]
    changing = _changing(frame, form.id, columns)
    made = {name: _numbers(frame[name], data.decimal_marks) for name in _wanted(columns, changing, single, series)}
    wrong = [name for name, numbers in made.items() if numbers is None]
    fixed = [name for name in columns if name not in made]
    for name in columns:
        if name in changing and name in (*wrong, *fixed):
            one = f"differs within {form.id!r} {shorten(changing[name])}"
            raise TableError(f"{data.path}: column {name!r} {one}; only numbers make a series, set its kind to ignore")
        if name in wrong:
            raise TableError(f"{data.path}: column {name!r} must hold numbers alone, to be a series")
    gathered = (
        frame.with_columns([numbers for numbers in made.values() if numbers is not None])
        .group_by(form.id, maintain_order=True)
        .agg(*[pl.col(name).drop_nulls().first() for name in fixed], *[pl.col(name).drop_nulls() for name in made])
        .with_columns(pl.when(pl.col(name).list.len() > 0).then(pl.col(name)) for name in made)
    )
    marks = {name: mark for name, mark in data.decimal_marks.items() if name in fixed}
    kept = (form.id, *columns)
    return replace(
        data, columns=kept, n_rows=gathered.height, layout=None, decimal_marks=marks, frame=gathered.select(kept)
    )


def _check_filled(data: DataFile, column: pl.Series) -> None:
    if column.null_count():
        row = int(column.is_null().arg_true()[0])
        raise TableError(f"{data.path}: column {column.name!r}, row {row} (counted from 0): a value is needed")


def _in_order(data: DataFile, frame: pl.DataFrame, form: LongFormat) -> pl.DataFrame:
    """The rows of each id together, the ids by their first rows, each id's rows in order."""
    frame = frame.with_row_index(_FIRST).with_columns(pl.col(_FIRST).min().over(form.id))
    if form.order is None:
        return frame.sort(_FIRST, maintain_order=True)
    _check_filled(data, frame[form.order])
    numbers = _numbers(frame[form.order], data.decimal_marks)
    key = frame[form.order] if numbers is None else numbers  # text of ISO dates sorts by time
    return frame.with_columns(key).sort(_FIRST, form.order, maintain_order=True)


def _changing(frame: pl.DataFrame, name: str, columns: Sequence[str]) -> Mapping[str, Any]:
    """The columns that differ within an id, and such an id."""
    counts = frame.group_by(name, maintain_order=True).agg(pl.col(one).drop_nulls().n_unique() for one in columns)
    found = {one: counts.filter(pl.col(one) > 1)[name] for one in columns}
    return {one: ids[0] for one, ids in found.items() if len(ids)}


def _wanted(
    columns: Sequence[str], changing: Collection[str], single: Collection[str], series: Collection[str] | None
) -> list[str]:
    found = changing if series is None else series
    return [name for name in columns if name in found and name not in single]


def _numbers(column: pl.Series, marks: Mapping[str, DecimalMark]) -> pl.Series | None:
    """Float64, None where a cell is no number."""
    numbers, wrong = number_column(column, marks.get(column.name, "."))
    return None if wrong.any() else numbers
