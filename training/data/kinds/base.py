"""What reading a column of a data file has in common, whatever its kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.features import Feature
from app.bundle.tables.archives import Files
from app.bundle.tables.decimal_marks import DecimalMark
from training.config import ColumnConfig
from training.data.histogram import Histogram
from training.data.table import Finding

LEFT_OUT = "left out"
N_BINS = 24
"""Of a histogram."""
MIN_FILLED = 10
"""Cells with a value below which a column that is mostly gaps is left out: the train split might hold none of them."""


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


@dataclass(frozen=True, slots=True)
class Bar:
    """One category, or the `rest` together, and its share of the cells that hold one."""

    name: str
    share: float
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What the report shows of a feature's cells in the train split: a number has a histogram, a category bars."""

    missing_share: float
    facts: tuple[tuple[str, str], ...] = ()
    histogram: Histogram | None = None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """What a column's cells come from: the rows' numbers in the file, its decimal mark, what a person said of them.

    `files` are those that the cells may name.
    """

    row_ids: NDArray[np.int64]
    mark: DecimalMark
    settings: ColumnConfig
    files: Files


def is_useless(column: Column, n_rows: int, filled: Sequence[Any], settings: ColumnConfig) -> bool:
    """Whether nothing can be learnt from the cells, which is then noted; a kind in the settings keeps them."""
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


def declared_texts(settings: ColumnConfig) -> tuple[str, ...]:
    """The texts that a person said stand for missing."""
    return tuple(value for value in settings.missing_values or () if isinstance(value, str))


def no_grid(cells: Any) -> Sequence[Any]:  # noqa: ARG001 the signature of those that have one
    """None: what a kind has whose values cannot be lined up."""
    return ()


def where(column: Column, row_id: int) -> str:
    """The place of a cell, for a message."""
    return f"column {column.name!r}, row {row_id} (counted from 0)"
