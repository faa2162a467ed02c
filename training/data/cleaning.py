"""Cleaning: from a data file to a typed table, with a finding for everything that was done to it."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.tables.columns import is_blank
from app.bundle.tables.errors import TableError
from app.bundle.tables.reader import DataFile
from app.bundle.transforms import TRANSFORMS
from training.config import IGNORE, ColumnConfig, Config
from training.data.infer import read_column
from training.data.kinds import KINDS
from training.data.kinds.base import LEFT_OUT, Source, TypedColumn
from training.data.kinds.series import is_list_of_numbers
from training.data.leakage import leaks_target
from training.data.segments import read_segment_cells
from training.data.table import Finding, Table
from training.data.target import TargetColumn, read_target
from training.errors import InputError

MIN_ROWS_TO_JUDGE = 100
CHANCE_SHARE = 0.005
"""Share of distinct rows that would repeat by chance from which on duplicates are kept, since they are no copies."""


def clean(data: DataFile, target: str, config: Config) -> Table:
    """Return the rows to learn from, with every column read as a typed feature or left out with a finding.

    Left out are duplicate rows and rows without target, and columns that are constant, empty, identify rows or leak
    the target; a column whose kind is configured is kept. Raises InputError, naming file, column and row, where the
    data cannot be trained on.
    """
    try:
        _check_names(data.columns, target, config)
        frame, row_ids, findings = _drop_rows(data.read(), target, config)
        outcome = read_target(frame[target], row_ids, data.decimal_marks.get(target, "."), config)
        columns = _read_columns(data, frame, row_ids, target, config)
        for column in columns:
            _drop_leaking(column, outcome, config)
        segments = {
            name: read_segment_cells(frame[name], data.decimal_marks.get(name, ".")) for name in config.segments
        }
        if not any(column.feature for column in columns):
            raise InputError(f"no column is left to learn {target!r} from: {_reasons(columns)}")
    except (InputError, TableError) as error:
        raise InputError(f"{data.path}: {error}") from error
    return Table(
        features=tuple(column.feature for column in columns if column.feature),
        columns={column.name: column.values for column in columns if column.feature},
        target_name=target,
        target=outcome.values,
        task=outcome.task,
        labels=outcome.labels,
        row_ids=row_ids,
        findings=(*findings, *(finding for column in columns for finding in column.findings)),
        split_column=_cells(frame, config.split.column),
        time_column=_cells(frame, config.split.time),
        segments=segments,
        long=config.long,
    )


def _check_names(columns: Sequence[str], target: str, config: Config) -> None:
    roles = {"target": target, "split.column": config.split.column, "split.time": config.split.time}
    others = [*(("[columns]", name) for name in config.columns), *(("segments", name) for name in config.segments)]
    for role, name in (*roles.items(), *others):
        if name is not None and name not in columns:
            near = get_close_matches(name, columns, cutoff=0.5) or list(columns[:10])
            names = ", ".join(map(shorten, near))
            raise InputError(f"there is no column {shorten(name)}, which {role} names; columns: {names}")
    for kind in (name for name, transform in TRANSFORMS.items() if transform.is_single):
        several = [name for name, column in config.columns.items() if column.kind == kind]
        if len(several) > 1:
            raise InputError(f"only one column can be of the kind {kind}, received {', '.join(map(shorten, several))}")
    if target in (config.split.column, config.split.time):
        raise InputError(f"column {target!r} is the target and cannot decide the split")
    if target in config.segments:
        raise InputError(f"column {target!r} is the target; segments need another column")
    for role, name in roles.items():
        if name in config.columns:
            raise InputError(f"column {name!r} is {role}, not a feature; it cannot be set in [columns]")


def _drop_rows(
    frame: pl.DataFrame, target: str, config: Config
) -> tuple[pl.DataFrame, NDArray[np.int64], list[Finding]]:
    """Drop duplicate rows, even those assigned to different splits, and rows without target."""
    row_ids = np.arange(frame.height, dtype=np.int64)
    compared = [
        name
        for name, dtype in frame.schema.items()
        if name != config.split.column and (not dtype.is_nested() or is_list_of_numbers(dtype))
    ]
    is_first = frame.select(pl.struct(compared).is_first_distinct()).to_series()
    has_target = _has_value(frame[target])
    findings = []
    n_duplicates = int((~is_first).sum())
    enough_rows = frame.height >= MIN_ROWS_TO_JUDGE
    if n_duplicates and enough_rows and _repeats_by_chance(frame.select(compared).filter(is_first)):
        problem = "exact duplicates of earlier rows, to be expected of columns with so few values"
        findings.append(Finding(None, problem, "kept", n_duplicates))
        is_first = pl.repeat(value=True, n=frame.height, eager=True)
    elif n_duplicates:
        findings.append(Finding(None, "exact duplicates of earlier rows", "rows left out", n_duplicates))
    if lacking := int((is_first & ~has_target).sum()):
        findings.append(Finding(target, "rows without target", "rows left out", lacking))
    kept = is_first & has_target
    if not kept.any():
        raise InputError(f"column {target!r}: the target is missing in every row")
    return frame.filter(kept), row_ids[kept.to_numpy()], findings


def _repeats_by_chance(distinct: pl.DataFrame) -> bool:
    """Return whether distinct rows repeat once each column is shuffled by itself.

    If so, the columns have so few values that a duplicate is a different case that looks the same, not a copy, and
    dropping it would distort the distribution.
    """
    shuffled = distinct.select(pl.col(name).shuffle(seed=seed) for seed, name in enumerate(distinct.columns))
    return distinct.height - shuffled.n_unique() >= CHANCE_SHARE * distinct.height


def _has_value(series: pl.Series) -> pl.Series:
    filled = series.is_not_null()
    if series.dtype == pl.String:
        filled &= ~is_blank(series)
    if series.dtype.is_float():
        filled &= ~series.is_nan().fill_null(value=False)
    return filled


def _read_columns(
    data: DataFile, frame: pl.DataFrame, row_ids: NDArray[np.int64], target: str, config: Config
) -> list[TypedColumn]:
    columns = []
    for name in frame.columns:
        if name in (target, config.split.column, config.split.time, config.long and config.long.id):
            continue
        settings = config.columns.get(name, ColumnConfig())
        if settings.kind == IGNORE:
            column = TypedColumn(name)
            column.note("ignored by the configuration", LEFT_OUT, frame.height)
        else:
            source = Source(row_ids, data.decimal_marks.get(name, "."), settings, data.files)
            column = read_column(frame[name], source)
        columns.append(column)
    return columns


def _drop_leaking(column: TypedColumn, target: TargetColumn, config: Config) -> None:
    """Leave the column out where it leaks the target, unless its kind is configured."""
    if (
        column.feature is None
        or not KINDS[column.feature.kind].is_checked_for_leakage
        or config.columns.get(column.name, ColumnConfig()).kind is not None
    ):
        return
    evidence = leaks_target(column.values, target.values, target.task)
    if evidence:
        column.feature = None
        action = f"{LEFT_OUT}; set its kind in [columns] to keep it"
        column.note(f"leaks the target: {evidence}", action, len(target.values))


def _reasons(columns: Sequence[TypedColumn]) -> str:
    reasons = [f"{column.name!r} {finding.problem}" for column in columns for finding in column.findings[-1:]]
    return "; ".join(reasons[:5]) or "the file has no other column"


def _cells(frame: pl.DataFrame, name: str | None) -> list[Any] | None:
    return None if name is None else frame[name].to_list()
