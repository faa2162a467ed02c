"""Grouping of rows by a column: by its values, or by the quartiles of its numbers."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.data.segments import Cells
from training.formats import compact

MIN_ROWS = 20
"""Smaller groups are merged: their rates would be too uncertain to be of use."""
MAX_GROUPS = 20
MAX_DISTINCT_NUMBERS = 10
"""Up to so many distinct numbers, each is a group of its own: codes, years, small counts."""


@dataclass(frozen=True, slots=True)
class Group:
    """The positions of a group's rows; `is_value` is False for the missing cells and for merged values."""

    name: str
    rows: NDArray[np.int64]
    is_value: bool = True


def group_rows(cells: Cells) -> list[Group]:
    """Group the rows by their cell: numbers by quartile, values by frequency, descending; missing cells last.

    Values of fewer than MIN_ROWS rows (unless all of them are so rare, and few) and those beyond MAX_GROUPS are
    merged into one group.
    """
    filled = {cell for cell in cells if cell is not None}
    are_measurements = len(filled) > MAX_DISTINCT_NUMBERS and all(isinstance(cell, float) for cell in filled)
    groups = _quartiles(cells) if are_measurements else _values(cells)
    missing = _rows_with(cells, {None})
    return [*groups, Group("missing", missing, is_value=False)] if missing.size else groups


def _quartiles(cells: Cells) -> list[Group]:
    values = np.array(cells, dtype=np.float64)
    edges = np.unique(np.nanquantile(values, (0.25, 0.5, 0.75), method="nearest"))
    shown = [compact(edge) for edge in edges]
    between = (f"over {low} to {high}" for low, high in pairwise(shown))
    names = [f"up to {shown[0]}", *between, f"over {shown[-1]}"]
    quartile = np.where(np.isnan(values), -1, np.searchsorted(edges, values))
    groups = [Group(name, np.flatnonzero(quartile == index)) for index, name in enumerate(names)]
    return [group for group in groups if group.rows.size]


def _values(cells: Cells) -> list[Group]:
    counts = Counter(cell for cell in cells if cell is not None)
    ranked = sorted(counts, key=lambda cell: (-counts[cell], cell))
    large = [cell for cell in ranked if counts[cell] >= MIN_ROWS]
    kept = large[:MAX_GROUPS] if large or len(ranked) > MAX_GROUPS else ranked
    merged = ranked[len(kept) :]
    groups = [Group(cell if isinstance(cell, str) else compact(cell), _rows_with(cells, {cell})) for cell in kept]
    if merged:
        name = f"other ({len(merged):,} value{'s' if len(merged) > 1 else ''})"
        groups.append(Group(name, _rows_with(cells, set(merged)), is_value=False))
    return groups


def _rows_with(cells: Cells, wanted: Collection[float | str | None]) -> NDArray[np.int64]:
    return np.flatnonzero([cell in wanted for cell in cells])
