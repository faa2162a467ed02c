"""All kinds together: rows or columns to raw arrays to the tensors of one batch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.errors import BundleError
from app.bundle.normalization import Normalization
from app.bundle.transforms import (
    TRANSFORMS,
    CellLookup,
    Feature,
    RowWarning,
    Statistics,
    Tensors,
    TensorType,
    Transform,
)

Columns = Mapping[str, Sequence[Any]]
"""One column of n_rows values per feature, by name."""
CellReader = Callable[[Any], Any]
"""A function from a cell of a request to what `vectorize` takes; raises ValueError with the rule that is broken."""
Raw = dict[str, NDArray[Any]]
"""Raw arrays of shape (n_rows, …) by kind."""


class Preprocessor:
    """The transforms of one bundle. Immutable, and safe to share between threads.

    Raises BundleError where a feature has no statistics, or those of another kind.
    """

    def __init__(self, features: Sequence[Feature], normalization: Normalization) -> None:
        self._names: dict[str, list[str]] = {}
        self._positions: dict[str, list[int]] = {}
        self._cells: dict[str, Callable[[Sequence[Any]], Sequence[Any]]] = {}
        self.transforms: dict[str, Transform] = {}
        self.readers: dict[str, CellReader] = {}
        for kind, transform in TRANSFORMS.items():
            positions = [position for position, feature in enumerate(features) if feature.kind == kind]
            if positions:
                members = [features[position] for position in positions]
                self._names[kind] = [feature.name for feature in members]
                self._positions[kind] = positions
                self._cells[kind] = _getter(positions)
                fitted = transform(members, [_statistics(normalization, feature) for feature in members])
                self.transforms[kind] = fitted
                readers = {feature.name: fitted.reader(index) for index, feature in enumerate(members)}
                self.readers |= {name: reader for name, reader in readers.items() if reader is not None}

    @property
    def tensors(self) -> dict[str, TensorType]:
        """The graph's inputs by name."""
        return {name: tensor for transform in self.transforms.values() for name, tensor in transform.tensors.items()}

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> Columns:
        """Return the rows of a request as columns of read cells; an absent feature is None."""
        return self.read({name: [row.get(name) for row in rows] for names in self._names.values() for name in names})

    def read(self, columns: Columns) -> Columns:
        """Return columns of a request's cells as `vectorize` takes them; raise ValueError where one breaks a rule."""
        return {name: _read(column, self.readers.get(name)) for name, column in columns.items()}

    def vectorize(self, columns: Columns) -> Raw:
        """Return the raw array of each kind, from columns of equal length."""
        return {
            kind: transform.vectorize([columns[name] for name in self._names[kind]])
            for kind, transform in self.transforms.items()
        }

    def vectorize_matrix(self, columns: NDArray[Any]) -> Raw:
        """Return the raw array of the only kind, from an array of shape (n_features, n_rows)."""
        ((kind, transform),) = self.transforms.items()
        return {kind: transform.vectorize(columns)}

    def vectorize_rows(self, rows: Sequence[Sequence[Any]]) -> Raw:
        """Return the raw array of each kind, from rows of one read cell per feature in the features' order."""
        if len(self.transforms) == 1:
            return {kind: transform.vectorize_rows(rows) for kind, transform in self.transforms.items()}
        return {
            kind: transform.vectorize_rows(list(map(self._cells[kind], rows)))
            for kind, transform in self.transforms.items()
        }

    def ordinary(self, raw: Raw) -> bool:
        """Return whether no value is missing and none is worth a warning."""
        for kind, transform in self.transforms.items():  # noqa: SIM110 a generator costs as much as the comparisons
            if not transform.ordinary(raw[kind]):
                return False
        return True

    def normalize(self, raw: Raw, *, ordinary: bool = False) -> Tensors:
        """Return the graph's inputs, at less cost where all rows are known to be ordinary."""
        if len(self.transforms) == 1:
            ((kind, transform),) = self.transforms.items()
            return transform.normalize(raw[kind], ordinary=ordinary)
        tensors: Tensors = {}
        for kind, transform in self.transforms.items():
            tensors |= transform.normalize(raw[kind], ordinary=ordinary)
        return tensors

    def warnings(self, raw: Raw, cell: CellLookup) -> Iterator[tuple[int, RowWarning]]:
        """Yield a row number and a warning for each accepted value unlike any that training saw.

        `cell` returns a value as it was sent, by its row number and its feature's position.
        """
        for kind, transform in self.transforms.items():
            yield from transform.warnings(raw[kind], partial(_cell, cell, self._positions[kind]))


def fit(features: Sequence[Feature], columns: Columns) -> Normalization:
    """Return the statistics of every feature over the train split's columns; the target's are left to the caller."""
    return Normalization(
        features={feature.name: TRANSFORMS[feature.kind].fit(feature, columns[feature.name]) for feature in features}
    )


def concatenate(parts: Sequence[Raw]) -> Raw:
    """Return the rows of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    return {kind: np.concatenate([part[kind] for part in parts]) for kind in parts[0]}


def _cell(cell: CellLookup, positions: Sequence[int], row: int, index: int) -> Any:
    return cell(row, positions[index])


def _read(column: Sequence[Any], reader: CellReader | None) -> Sequence[Any]:
    return column if reader is None else [None if cell is None else reader(cell) for cell in column]


def _getter(positions: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return a function from a row to its cells at the positions."""
    if len(positions) == 1:
        (only,) = positions
        return lambda row: (row[only],)
    return itemgetter(*positions)


def _statistics(normalization: Normalization, feature: Feature) -> Statistics:
    statistics = normalization.features.get(feature.name)
    if statistics is None or statistics.kind != feature.kind:
        received = "none" if statistics is None else f"statistics of a {statistics.kind}"
        raise BundleError(f"feature {feature.name!r} needs statistics of a {feature.kind}, found {received}")
    return statistics
