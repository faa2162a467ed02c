"""Bins between ascending edges, which are quantiles of the train split."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from app.bundle.bins.base import Bin, Count, FeatureReference
from app.bundle.errors import BundleModel

N_BINS = 10

FAR = 0.5
"""Widths of the training range beyond which a value is reported as far outside of it."""


class EdgeCounts(BundleModel):
    """Rows between ascending edges: n + 1 counts for n edges. A value equal to an edge is counted above it."""

    edges: tuple[float, ...]
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]
    missing: Count

    @model_validator(mode="after")
    def _counts_lie_between_edges(self) -> Self:
        check_edges(self.edges, self.counts)
        return self


class EdgeBins:
    """Bins of a raw float64 column: far below the training range, between the edges, far above it, and missing.

    `statistics` have the training range, `minimum` and `maximum`.
    """

    reference_type: ClassVar[type[FeatureReference]]

    def __init__(self, reference: Any, statistics: Any) -> None:
        with np.errstate(over="ignore"):  # an infinite bound leaves nothing outside
            lowest, highest = far_bounds(np.array(statistics.minimum), np.array(statistics.maximum))
            above = np.nextafter(highest, np.inf)
        # numpy sorts NaN behind infinity, which no finite number reaches, so missing values fall into the last bin.
        self._edges = np.array([lowest, *reference.edges, above, np.inf])
        labels = range_labels(reference.edges, self.text)
        self.bins: Sequence[Bin] = (
            Bin(f"below {self.text(float(lowest))}", "out_of_range", 0),
            *(Bin(label, "value", count) for label, count in zip(labels, reference.counts, strict=True)),
            Bin(f"above {self.text(float(highest))}", "out_of_range", 0),
            Bin("missing", "missing", reference.missing),
        )

    @staticmethod
    def text(value: float) -> str:
        """Return a value as people read it."""
        return f"{value:g}"

    @classmethod
    def fit(
        cls,
        column: NDArray[np.float64],
        statistics: Any,  # noqa: ARG003 the values alone decide the edges
    ) -> Any:
        """Return at most N_BINS bins that hold equally many rows, as far as repeated values allow."""
        values = column[~np.isnan(column)]
        edges = even_edges(values)
        counts = count_between(edges, values)
        content = {"edges": edges.tolist(), "counts": counts.tolist(), "missing": len(column) - len(values)}
        return cls.reference_type.model_validate(content)

    def count(self, column: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the rows in each bin, of shape (n_bins,)."""
        return count_between(self._edges, column)


def far_bounds(
    minimum: NDArray[np.float64], maximum: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and the highest numbers that are not far outside a training range."""
    slack = FAR * maximum - FAR * minimum
    return minimum - slack, maximum + slack


def even_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ascending edges between at most N_BINS bins; no edge where all values are equal.

    Each bin but the last is the narrowest from its lower edge that holds at least one N_BINS-th of the values: these
    are quantiles where no value is repeated, and a very frequent value gets a bin of its own.
    """
    distinct, counts = np.unique(values, return_counts=True)
    until = np.cumsum(counts)
    firsts: list[int] = []
    taken = 0
    while (last := int(until.searchsorted(taken + len(values) / N_BINS))) + 1 < len(distinct):
        firsts.append(last + 1)
        taken = until[last]
    return distinct[firsts]


def count_between(edges: NDArray[Any], values: NDArray[Any]) -> NDArray[np.intp]:
    """Return how many values lie below the first of n edges, between each two, and above the last: shape (n + 1,)."""
    return np.bincount(edges.searchsorted(values, side="right"), minlength=len(edges) + 1)


def range_labels(edges: Sequence[float], text: Callable[[float], str] = "{:g}".format) -> list[str]:
    """Return the labels of the bins between edges: one more than there are edges."""
    if not edges:
        return ["any"]
    inner = [f"{text(low)} to {text(high)}" for low, high in pairwise(edges)]
    return [f"less than {text(edges[0])}", *inner, f"{text(edges[-1])} or more"]


def check_edges(edges: Sequence[float], counts: Sequence[int]) -> None:
    """Raise ValueError where the edges do not ascend, or the number of counts does not fit them."""
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("edges must ascend")
    if len(counts) != len(edges) + 1:
        raise ValueError(f"{len(edges)} edges need {len(edges) + 1} counts, found {len(counts)}")
