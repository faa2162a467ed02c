"""Bins of a number or two that stand for each value of a kind whose values hardly repeat, such as a text's length."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.bins.base import Bin, Count, FeatureReference
from app.bundle.bins.edges import EdgeCounts, even_edges, range_labels


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that stands for a value; `position` is its place in the last axis of the transform's summary.

    `unseen` is the role of what training has no code for: the last number of the summary is then the share of the value
    that is unseen. `cut` is the role of values beyond `limit`, a function of the feature's statistics.
    """

    name: str
    position: int = 0
    unseen: str | None = None
    cut: str | None = None
    limit: Callable[[Any], float] = lambda _: inf


class QuantityReference(EdgeCounts):
    """The distribution of one quantity; `unseen` counts the values without a code, `cut` those beyond the limit."""

    unseen: Count = 0
    cut: Count = 0


class MeasuredReference(FeatureReference):
    """The distribution of each quantity of a feature, over rows that nothing was fitted on."""

    quantities: dict[str, QuantityReference]


class QuantityBins:
    """Bins of a column of shape (n_rows, n_numbers): unseen, between the edges, cut, and missing.

    Raises ValueError where an edge lies beyond the limit.
    """

    def __init__(self, reference: QuantityReference, quantity: Quantity, statistics: Any) -> None:
        limit = quantity.limit(statistics)
        if reference.edges and reference.edges[-1] > limit:
            raise ValueError(f"edges must be at most {limit:g}, found {reference.edges[-1]:g}")
        beyond = [np.nextafter(limit, inf)] if quantity.cut else []
        # numpy sorts NaN behind infinity, which no value reaches, so missing values fall into the last bin.
        self._edges = np.array([*reference.edges, *beyond, inf])
        self._quantity = quantity
        labels = zip(range_labels(reference.edges), reference.counts, strict=True)
        self.bins: Sequence[Bin] = (
            *([Bin("unseen", quantity.unseen, reference.unseen)] if quantity.unseen else []),
            *(Bin(label, "value", count) for label, count in labels),
            *([Bin(f"above {limit:g}", quantity.cut, reference.cut)] if quantity.cut else []),
            Bin("missing", "missing", reference.missing),
        )

    @classmethod
    def fit(cls, column: NDArray[Any], quantity: Quantity, statistics: Any) -> QuantityReference:
        """Return at most N_BINS bins that hold equally many rows, as far as repeated values allow."""
        values = column[:, quantity.position]
        is_ordinary = values <= quantity.limit(statistics)  # NaN is not
        if quantity.unseen:
            is_ordinary &= column[:, -1] < 1
        edges = tuple(even_edges(values[is_ordinary].astype(np.float64)).tolist())
        empty = QuantityReference(edges=edges, counts=(0,) * (len(edges) + 1), missing=0)
        # Parts of rows are rounded up, so that a bin that holds any is not empty.
        counts = np.ceil(cls(empty, quantity, statistics).count(column) - 1e-6).astype(int).tolist()
        unseen = counts.pop(0) if quantity.unseen else 0
        missing = counts.pop()
        cut = counts.pop() if quantity.cut else 0
        return QuantityReference(edges=edges, counts=tuple(counts), missing=missing, unseen=unseen, cut=cut)

    def count(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return the rows in each bin, of shape (n_bins,)."""
        positions = self._edges.searchsorted(column[:, self._quantity.position], side="right")
        n_bins = len(self._edges) + 1
        if not self._quantity.unseen:
            return np.bincount(positions, minlength=n_bins)
        unseen = column[:, -1]
        return np.concatenate([[unseen.sum()], np.bincount(positions, weights=1 - unseen, minlength=n_bins)])


class MeasuredDistribution:
    """The distribution of a kind by one quantity of its values, or several."""

    reference_type: type[FeatureReference] = MeasuredReference
    is_summarized = True

    def __init__(self, kind: str, *quantities: Quantity) -> None:
        self._kind = kind
        self.quantities: Mapping[str, Quantity] = {quantity.name: quantity for quantity in quantities}

    def fit(self, column: NDArray[Any], statistics: Any) -> MeasuredReference:
        """Return the reference of one feature's column of the summary, of shape (n_rows, n_numbers)."""
        quantities = {
            name: QuantityBins.fit(column, quantity, statistics) for name, quantity in self.quantities.items()
        }
        return MeasuredReference(kind=self._kind, quantities=quantities)

    def bins(self, reference: MeasuredReference, statistics: Any) -> dict[str, QuantityBins]:
        """Return bins by quantity; raise ValueError where the quantities are not the kind's."""
        if self.quantities.keys() != reference.quantities.keys():
            raise ValueError(f"its quantities must be {sorted(self.quantities)}, found {sorted(reference.quantities)}")
        return {
            name: QuantityBins(reference.quantities[name], quantity, statistics)
            for name, quantity in self.quantities.items()
        }
