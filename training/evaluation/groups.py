"""The groups that a column parts rows into: its values, or the quarters of its numbers."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.data.segments import Cells
from training.formats import compact

MIN_ROWS = 20
"""Rows below which a group is merged with others, for its rates would tell nothing."""
MAX_GROUPS = 20
MAX_DISTINCT_NUMBERS = 10
"""Different numbers up to which each is a group of its own: codes, years, counts of a few."""


@dataclass(frozen=True, slots=True)
class Group:
    """Positions of the rows of one group; `is_value` tells a value's name from "missing" and what is merged."""

    name: str
    rows: NDArray[np.int64]
    is_value: bool = True


def groups(cells: Cells) -> list[Group]:
    """Numbers parted at their quartiles, values by themselves, the most frequent first; then the missing.

    Values of fewer than MIN_ROWS rows (unless all are, and few) and those beyond MAX_GROUPS are merged into one group.
    """
    filled = {cell for cell in cells if cell is not None}
    measured = len(filled) > MAX_DISTINCT_NUMBERS and all(isinstance(cell, float) for cell in filled)
    found = _quarters(cells) if measured else _values(cells)
    missing = _where(cells, {None})
    return [*found, Group("missing", missing, is_value=False)] if missing.size else found


def _quarters(cells: Cells) -> list[Group]:
    values = np.array(cells, dtype=np.float64)
    edges = np.unique(np.nanquantile(values, (0.25, 0.5, 0.75), method="nearest"))
    shown = [compact(edge) for edge in edges]
    between = (f"over {low} to {high}" for low, high in pairwise(shown))
    quarter = np.where(np.isnan(values), -1, np.searchsorted(edges, values))
    names = [f"up to {shown[0]}", *between, f"over {shown[-1]}"]
    found = [Group(name, np.flatnonzero(quarter == index)) for index, name in enumerate(names)]
    return [one for one in found if one.rows.size]


def _values(cells: Cells) -> list[Group]:
    counts = Counter(cell for cell in cells if cell is not None)
    ranked = sorted(counts, key=lambda cell: (-counts[cell], cell))
    large = [cell for cell in ranked if counts[cell] >= MIN_ROWS]
    kept = large[:MAX_GROUPS] if large or len(ranked) > MAX_GROUPS else ranked
    merged = ranked[len(kept) :]
    found = [Group(cell if isinstance(cell, str) else compact(cell), _where(cells, {cell})) for cell in kept]
    if merged:
        name = f"other ({len(merged):,} value{'s' if len(merged) > 1 else ''})"
        found.append(Group(name, _where(cells, set(merged)), is_value=False))
    return found


def _where(cells: Cells, wanted: Collection[float | str | None]) -> NDArray[np.int64]:
    return np.flatnonzero([cell in wanted for cell in cells])
