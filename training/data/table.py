"""The cleaned and typed table that a network is trained and evaluated on, and its splits.

Tests: tests/training/data/test_split.py
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import LongFormat, Task
from app.bundle.preprocessor import Columns
from app.bundle.transforms import Feature


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that cleaning found in `count` cells or rows of a column or, with None, of the table; what it did."""

    column: str | None
    problem: str
    action: str
    count: int


@dataclass(frozen=True, slots=True)
class Table:
    """A cleaned table: typed features, the target apart from them, and the 0-based row numbers of the file.

    `columns` holds one entry per feature: float64 arrays (NaN where missing) for numbers, lists of str or None for
    categories. `target` is int64 indices into `labels`, or float64 values for regression. `split_column` and
    `time_column` hold the cells of the columns that decide the split, where such are configured. `segments` holds
    those of the columns that metrics are grouped by, features or not, as `training.data.segments` reads them. `long` is
    the form of the file that its rows were gathered from.
    """

    features: tuple[Feature, ...]
    columns: Columns
    target_name: str
    target: NDArray[Any]
    task: Task
    labels: tuple[str, ...] | None
    row_ids: NDArray[np.int64]
    findings: tuple[Finding, ...]
    split_column: Sequence[str | None] | None = None
    time_column: Sequence[Any] | None = None
    segments: Mapping[str, Sequence[float | str | None]] = field(default_factory=dict)
    long: LongFormat | None = None


@dataclass(frozen=True, slots=True)
class Splits:
    """Row positions in the cleaned table, int64 and ascending; disjoint, and together all rows."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def evenly_spaced(n_rows: int, most: int) -> NDArray[np.int64]:
    """Return evenly spaced positions of at most `most` of n_rows rows, the first and the last among them."""
    return np.linspace(0, n_rows - 1, min(most, n_rows)).astype(np.int64)


def take_rows(columns: Columns, positions: NDArray[np.int64]) -> dict[str, Any]:
    """Return the given rows of every column."""
    return {
        name: column[positions] if isinstance(column, np.ndarray) else [column[index] for index in positions]
        for name, column in columns.items()
    }
