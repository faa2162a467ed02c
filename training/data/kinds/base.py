"""The description of a kind, and what reading a column has in common for all kinds.

Tests: tests/training/data/test_cleaning.py (a column of no use is left out), tests/test_toy_kind.py
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.tables.archives import Files
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms import Feature
from training.config import ColumnConfig
from training.data.histogram import ValueHistogram
from training.data.table import Finding

LEFT_OUT = "left out"
N_BINS = 24
"""Bins of a histogram."""
MIN_FILLED = 10
"""Cells with a value that a column with many gaps needs: with fewer, the train split might hold none of them."""
MOSTLY = 0.95
"""Share of the cells that must look like a kind for the column to be of it; the others are strays."""


@dataclass(slots=True)
class TypedColumn:
    """A column read by its kind: `values` as `Table.columns` holds them; `feature` is None where it is left out."""

    name: str
    feature: Feature | None = None
    values: Any = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, problem: str, action: str, count: int) -> None:
        """Add a finding about the column."""
        self.findings.append(Finding(self.name, problem, action, count))


@dataclass(frozen=True, slots=True)
class Bar:
    """The share of one category among the cells that hold one, or of all others together (`rest`)."""

    name: str
    share: float
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """A feature's cells in the train split, as the report shows them: a number has a histogram, a category bars."""

    missing_share: float
    facts: tuple[tuple[str, str], ...] = ()
    histogram: ValueHistogram | None = None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a column: the row numbers in the file, the decimal mark, and the column's configuration.

    `files` are those that the cells may name.
    """

    row_ids: NDArray[np.int64]
    mark: DecimalMark
    settings: ColumnConfig
    files: Files


def never(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 the signature of a recognizer
    """Return False, for a kind that only the configuration gives to a column."""
    return False


def no_grid(cells: Any) -> Sequence[Any]:  # noqa: ARG001 the signature of a grid
    """Return no values, for a kind whose values cannot be ordered or listed."""
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """How training treats the columns of one kind; `name` is also the transform's `kind`.

    `takes` says in words what the service takes for a cell.

    `read` fills a column with its cells and its feature, or notes why it is left out; it raises InputError where a cell
    breaks the configuration.

    `recognizes` tells from a column's cells with a value, and its decimal mark, whether the column is of the kind.

    `edges` are functions from a feature's statistics to cells that few test splits hold and every service meets.

    `summarize` returns a summary of a feature, from its statistics and its cells in the train split.

    `grid` chooses values from a column's cells to show how predictions depend on it: floats, ascending, or others.

    `is_checked_for_leakage` is whether cells can be compared with the target, for which they must be hashable.
    """

    name: str
    takes: str
    read: Callable[[TypedColumn, pl.Series, Source], None]
    edges: tuple[Callable[[Any], Any], ...]
    summarize: Callable[[Any, Any, Sequence[Any]], Summary]
    recognizes: Callable[[pl.Series, DecimalMark], bool] = never
    grid: Callable[[Any], Sequence[Any]] = no_grid
    is_checked_for_leakage: bool = True


def is_useless(column: TypedColumn, n_rows: int, filled: Sequence[Any], settings: ColumnConfig) -> bool:
    """Return whether nothing can be learnt from the cells, and note it; a configured kind keeps all but empty ones."""
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


def mostly_matches(filled: pl.Series, pattern: str) -> bool:
    """Return whether the cells are text, nearly all of which matches the pattern."""
    if filled.dtype != pl.String or not len(filled):
        return False
    return bool(filled.str.contains(pattern).sum() >= MOSTLY * len(filled))


def declared_texts(settings: ColumnConfig) -> tuple[str, ...]:
    """Return the texts that the configuration says stand for missing."""
    return tuple(value for value in settings.missing_values or () if isinstance(value, str))


def where(column: TypedColumn, row_id: int) -> str:
    """Return the place of a cell, to begin a message with."""
    return f"column {column.name!r}, row {row_id} (counted from 0)"
