"""Train, validation and test splits: stratified at random, given by a column, or by time."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.display import shorten
from training.config import Config
from training.data.table import Splits, Table
from training.errors import InputError

NAMES = ("train", "validation", "test")
HELD_OUT_ROWS = 500
"""Rows on which accuracies can be told apart to within two percentage points."""
SHARES = (0.1, 0.15)
"""The smallest and the largest share of rows to hold out for that."""


def split_rows(table: Table, config: Config) -> Splits:
    """Return the rows of each split, the same for the same seed.

    A split that the split column does not name is drawn from its train rows. Raises InputError where the shares leave
    no train rows, a cell is not a split or a time, a split is empty or the train split lacks a label.
    """
    shares = _shares(config, len(table.target))
    if sum(shares) >= 1:
        raise InputError(f"split: validation and test must leave rows to train on, received shares of {sum(shares):g}")
    if table.split_column is not None and table.time_column is not None:
        raise InputError("split: either column or time can be set, received both")
    if table.split_column is not None:
        splits = _by_column(table, shares, config)
    elif table.time_column is not None:
        splits = _by_time(table, shares, config)
    else:
        splits = draw_split(table, np.arange(len(table.target)), *shares, config.seed)
    check_splits(table, splits)
    return splits


def draw_split(table: Table, positions: NDArray[np.int64], validation: float, test: float, seed: int) -> Splits:
    """Draw shares of the positions at random, stratified where the target has labels; the rest is the train split."""
    random = np.random.default_rng(seed)
    strata = np.zeros(len(positions), dtype=np.int64) if table.labels is None else table.target[positions]
    parts: tuple[list[NDArray[np.int64]], ...] = ([], [], [])
    for stratum in np.unique(strata):
        members = random.permutation(positions[strata == stratum])
        n_test = _size(test, len(members), len(members) - 1)
        n_validation = _size(validation, len(members), len(members) - 1 - n_test)
        cuts = [len(members) - n_test - n_validation, len(members) - n_test]
        for part, rows in zip(parts, np.split(members, cuts), strict=True):
            part.append(rows)
    return _splits(np.concatenate([positions[:0], *part]) for part in parts)


def _size(share: float, count: int, most: int) -> int:
    """Return a share of `count` rows: at least one unless the share is 0, and never more than `most`."""
    return min(max(round(share * count), 1 if share else 0), most)


def _shares(config: Config, n_rows: int) -> tuple[float, float]:
    """Return the shares of validation and test split: as configured, or what holds HELD_OUT_ROWS, within SHARES."""
    default = float(np.clip(HELD_OUT_ROWS / n_rows, *SHARES))
    validation, test = config.split.validation, config.split.test
    return default if validation is None else validation, default if test is None else test


def _by_column(table: Table, shares: tuple[float, float], config: Config) -> Splits:
    cells = table.split_column or ()
    for position, cell in enumerate(cells):
        if cell not in NAMES:
            where = f"column {config.split.column!r}, row {table.row_ids[position]} (counted from 0)"
            raise InputError(f"{where}: a split is train, validation or test, received {shorten(cell)}")
    train, validation, test = (np.flatnonzero([cell == name for cell in cells]) for name in NAMES)
    drawn = draw_split(table, train, 0 if validation.size else shares[0], 0 if test.size else shares[1], config.seed)
    return _splits((drawn.train, np.append(validation, drawn.validation), np.append(test, drawn.test)))


def _by_time(table: Table, shares: tuple[float, float], config: Config) -> Splits:
    times = _parse_times(table, config)
    order = np.argsort(times, kind="stable")
    n_test = _size(shares[1], len(order), len(order) - 1)
    n_validation = _size(shares[0], len(order), len(order) - 1 - n_test)
    return _splits(np.split(order, [len(order) - n_test - n_validation, len(order) - n_test]))


def _parse_times(table: Table, config: Config) -> NDArray[np.float64]:
    times = np.empty(len(table.target))
    kinds: set[type] = set()
    for position, cell in enumerate(table.time_column or ()):
        parsed = _parse_time(cell)
        kinds.add(type(parsed))
        if parsed is None or len(kinds) > 1:
            where = f"column {config.split.time!r}, row {table.row_ids[position]} (counted from 0)"
            raise InputError(f"{where}: times must all be ISO dates or all be numbers, received {shorten(cell)}")
        times[position] = parsed.timestamp() if isinstance(parsed, datetime) else parsed
    return times


def _parse_time(cell: Any) -> datetime | float | None:
    """Return a date, taken as UTC where it has no zone, or a number; None where the cell is neither, or not finite."""
    if isinstance(cell, date):
        moment = cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        number = float(cell)
    except (TypeError, ValueError):
        try:
            return _parse_time(datetime.fromisoformat(cell))
        except (TypeError, ValueError):
            return None
    return number if np.isfinite(number) else None


def _splits(parts: Iterable[NDArray[Any]]) -> Splits:
    return Splits(*(np.sort(part).astype(np.int64) for part in parts))


def check_splits(table: Table, splits: Splits) -> None:
    """Raise InputError where a split is empty or the train split lacks a label."""
    sizes = dict(zip(NAMES, (len(splits.train), len(splits.validation), len(splits.test)), strict=True))
    if not all(sizes.values()):
        raise InputError(f"split: each split needs a row, received {sizes}")
    if table.labels is not None:
        lacking = [label for index, label in enumerate(table.labels) if index not in set(table.target[splits.train])]
        if lacking:
            raise InputError(
                f"split: the train rows need every label of {table.target_name!r}, they lack {_text(lacking)}"
            )


def _text(labels: Sequence[str]) -> str:
    return ", ".join(shorten(label) for label in labels[:5])
