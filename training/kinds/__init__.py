"""The kinds of columns as a data file holds them, a module a kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from training.kinds import category, number
from training.kinds.base import Column, Source, no_grid


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` fills a column with its cells and its feature, or notes why it is left out.

    `edges` make, of a feature's statistics, cells that hardly a test split holds and every service meets.
    `grid` chooses, of a column's cells, values that tell how answers depend on it: floats, ascending, or categories.
    """

    read: Callable[[Column, pl.Series, Source], None]
    edges: tuple[Callable[[Any], Any], ...]
    grid: Callable[[Any], Sequence[Any]] = no_grid


KINDS: Mapping[str, Kind] = {
    "number": Kind(number.read, number.EDGES, number.grid),
    "category": Kind(category.read, category.EDGES, category.grid),
}
