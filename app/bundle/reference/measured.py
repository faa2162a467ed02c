"""Texts, files, series and ids: bins of a number or two that stand for each, since none comes twice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.bundle.errors import Frozen
from app.bundle.reference.base import Bin, Count, Role
from app.bundle.reference.edges import EdgesReference, even_edges, ranges


class QuantityReference(EdgesReference):
    """Of one quantity; `cut` counts values longer than what is read, `unseen` those that training has no code for."""

    unseen: Count = 0
    cut: Count = 0


class MeasuredReference(Frozen):
    """Rows that neither a vocabulary nor the network was fitted on, by each of the kind's quantities."""

    kind: Literal["text", "series", "image", "audio", "user", "item"]
    quantities: dict[str, QuantityReference]


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity of a kind: `position` is its place in the last axis of the kind's summary.

    Where there is an `unseen`, the last number there is the share of the value that training has no code for; where
    there is a `cut`, values beyond `limit` of the feature's statistics are cut.
    """

    quantity: str
    position: int = 0
    unseen: Role | None = None
    cut: Role | None = None
    limit: Callable[[Any], float] = lambda _: inf


MEASURES: Mapping[str, tuple[Measure, ...]] = {
    "text": (Measure("length", unseen="unseen_token", cut="text_cut", limit=lambda text: text.max_characters),),
    "series": (Measure("length", cut="series_cut", limit=lambda series: series.longest), Measure("mean", position=1)),
    "image": (Measure("brightness"),),
    "audio": (Measure("level"),),
    "user": (Measure("rank", unseen="unseen_user"),),
    "item": (Measure("rank", unseen="unseen_item"),),
}
"""By kind."""


class MeasureBins:
    """Of a column of shape (n_rows, n_numbers): unseen, between the edges, cut, and missing.

    Raises ValueError where an edge lies beyond what is read.
    """

    def __init__(self, reference: QuantityReference, measure: Measure, statistics: Any) -> None:
        limit = measure.limit(statistics)
        if reference.edges and reference.edges[-1] > limit:
            raise ValueError(f"edges must be at most {limit:g}, found {reference.edges[-1]:g}")
        beyond = [np.nextafter(limit, inf)] if measure.cut else []
        # numpy sorts NaN behind infinity, which no value reaches: what is missing has the last bin.
        self._edges = np.array([*reference.edges, *beyond, inf])
        self._measure = measure
        values = zip(ranges(reference.edges), reference.counts, strict=True)
        self.bins: Sequence[Bin] = (
            *([Bin("unseen", measure.unseen, reference.unseen)] if measure.unseen else []),
            *(Bin(name, "value", count) for name, count in values),
            *([Bin(f"above {limit:g}", measure.cut, reference.cut)] if measure.cut else []),
            Bin("missing", "missing", reference.missing),
        )

    @classmethod
    def fit(cls, column: NDArray[Any], measure: Measure, statistics: Any) -> QuantityReference:
        """At most N_BINS bins that hold as many rows each as repeated values allow."""
        values = column[:, measure.position]
        ordinary = values <= measure.limit(statistics)  # as NaN is not
        if measure.unseen:
            ordinary &= column[:, -1] < 1
        edges = tuple(even_edges(values[ordinary].astype(np.float64)).tolist())
        empty = QuantityReference(edges=edges, counts=(0,) * (len(edges) + 1), missing=0)
        # Parts of rows are rounded up: a bin that holds any is not an empty one.
        counted = np.ceil(cls(empty, measure, statistics).count(column) - 1e-6).astype(int).tolist()
        unseen = counted.pop(0) if measure.unseen else 0
        missing = counted.pop()
        cut = counted.pop() if measure.cut else 0
        return QuantityReference(edges=edges, counts=tuple(counted), missing=missing, unseen=unseen, cut=cut)

    def count(self, column: NDArray[Any]) -> NDArray[Any]:
        """Array of shape (n_bins,)."""
        found = self._edges.searchsorted(column[:, self._measure.position], side="right")
        n_bins = len(self._edges) + 1
        if not self._measure.unseen:
            return np.bincount(found, minlength=n_bins)
        unseen = column[:, -1]
        return np.concatenate([[unseen.sum()], np.bincount(found, weights=1 - unseen, minlength=n_bins)])


def fit_measured(kind: Any, column: NDArray[Any], statistics: Any) -> MeasuredReference:
    """The reference of one feature's column of its kind's summary, of the rows that were held out."""
    quantities = {one.quantity: MeasureBins.fit(column, one, statistics) for one in MEASURES[kind]}
    return MeasuredReference(kind=kind, quantities=quantities)


def measured_bins(reference: MeasuredReference, statistics: Any) -> dict[str, MeasureBins]:
    """Bins by quantity; raises ValueError where the quantities are not those of the kind."""
    measures = {one.quantity: one for one in MEASURES[reference.kind]}
    if measures.keys() != reference.quantities.keys():
        raise ValueError(f"its quantities must be {sorted(measures)}, found {sorted(reference.quantities)}")
    return {name: MeasureBins(reference.quantities[name], one, statistics) for name, one in measures.items()}
