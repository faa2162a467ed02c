"""Bins between ascending edges: quantiles of the train split."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from app.bundle.errors import Frozen
from app.bundle.normalization import DateStatistics, NumberStatistics
from app.bundle.reference.base import Bin, Count
from app.bundle.transforms.number import far_bounds

N_BINS = 10


class EdgesReference(Frozen):
    """Rows of the train split between ascending edges: of n edges n + 1 counts, a value at an edge above it."""

    edges: tuple[float, ...]
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]
    missing: Count

    @model_validator(mode="after")
    def _counts_lie_between_edges(self) -> Self:
        check_edges(self.edges, self.counts)
        return self


class EdgeBins:
    """Of a raw column of float64: far below the training range, between the edges, far above it, and missing."""

    reference: ClassVar[type[EdgesReference]]

    def __init__(self, reference: EdgesReference, statistics: NumberStatistics | DateStatistics) -> None:
        with np.errstate(over="ignore"):  # an infinite bound leaves nothing outside
            lowest, highest = far_bounds(np.array(statistics.minimum), np.array(statistics.maximum))
            above = np.nextafter(highest, np.inf)
        # numpy sorts NaN behind infinity, which no finite number reaches: what is missing has the last bin.
        self._edges = np.array([lowest, *reference.edges, above, np.inf])
        names = ranges(reference.edges, self.text)
        self.bins: Sequence[Bin] = (
            Bin(f"below {self.text(float(lowest))}", "out_of_range", 0),
            *(Bin(name, "value", count) for name, count in zip(names, reference.counts, strict=True)),
            Bin(f"above {self.text(float(highest))}", "out_of_range", 0),
            Bin("missing", "missing", reference.missing),
        )

    @staticmethod
    def text(value: float) -> str:
        """A value as a person reads it."""
        return f"{value:g}"

    @classmethod
    def fit(
        cls,
        column: NDArray[np.float64],
        statistics: NumberStatistics | DateStatistics,  # noqa: ARG003 the edges are all that is wanted
    ) -> EdgesReference:
        """At most N_BINS bins that hold as many rows each as repeated values allow."""
        values = column[~np.isnan(column)]
        edges = even_edges(values)
        counts = between(edges, values)
        return cls.reference(
            edges=tuple(edges.tolist()), counts=tuple(counts.tolist()), missing=len(column) - len(values)
        )

    def count(self, column: NDArray[np.float64]) -> NDArray[np.intp]:
        """Array of shape (n_bins,)."""
        return between(self._edges, column)


def even_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ascending edges between at most N_BINS bins; none where all values are equal.

    Each bin but the last is the narrowest from its lower edge that holds an N_BINS-th of the values or more: quantiles
    where none is repeated, and elsewhere a value that is very frequent has a bin of its own.
    """
    distinct, counts = np.unique(values, return_counts=True)
    until = np.cumsum(counts)
    firsts: list[int] = []
    taken = 0
    while (last := int(until.searchsorted(taken + len(values) / N_BINS))) + 1 < len(distinct):
        firsts.append(last + 1)
        taken = until[last]
    return distinct[firsts]


def between(edges: NDArray[Any], values: NDArray[Any]) -> NDArray[np.intp]:
    """How many values lie below the first of n edges, between each two, and at or above the last: shape (n + 1,)."""
    return np.bincount(edges.searchsorted(values, side="right"), minlength=len(edges) + 1)


def ranges(edges: tuple[float, ...], text: Callable[[float], str] = "{:g}".format) -> list[str]:
    """What a person calls the bins between edges."""
    if not edges:
        return ["any"]
    inner = [f"{text(low)} to {text(high)}" for low, high in pairwise(edges)]
    return [f"less than {text(edges[0])}", *inner, f"{text(edges[-1])} or more"]


def check_edges(edges: tuple[float, ...], counts: tuple[int, ...]) -> None:
    """Raise ValueError where edges do not ascend, or counts do not fit between them."""
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("edges must ascend")
    if len(counts) != len(edges) + 1:
        raise ValueError(f"{len(edges)} edges part {len(edges) + 1} counts, found {len(counts)}")
