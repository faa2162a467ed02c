"""All kinds together: rows or columns to raw arrays to the tensors of one batch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.errors import BundleError
from app.bundle.features import Feature
from app.bundle.normalization import Normalization
from app.bundle.transforms.audio import AudioTransform
from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform
from app.bundle.transforms.boolean import BooleanTransform
from app.bundle.transforms.category import CategoryTransform
from app.bundle.transforms.date import DateTransform
from app.bundle.transforms.ids import ItemTransform, UserTransform
from app.bundle.transforms.image import ImageTransform
from app.bundle.transforms.number import NumberTransform
from app.bundle.transforms.series import SeriesTransform
from app.bundle.transforms.text import TextTransform

Columns = Mapping[str, Sequence[Any]]
"""One column of n_rows values a feature."""
Reader = Callable[[Any], Any]
"""Turns a cell of a request into what `vectorize` takes; raises ValueError with the rule that is broken."""
Raw = dict[str, NDArray[Any]]
"""Raw arrays of shape (n_rows, …), one a kind."""

TRANSFORMS: dict[str, type[Transform]] = {
    "number": NumberTransform,
    "category": CategoryTransform,
    "image": ImageTransform,
    "audio": AudioTransform,
    "series": SeriesTransform,
    "date": DateTransform,
    "boolean": BooleanTransform,
    "text": TextTransform,
    "user": UserTransform,
    "item": ItemTransform,
}


class Preprocessor:
    """The transforms of one bundle. Immutable, and safe to share between threads.

    Raises BundleError where a feature has no statistics, or those of another kind.
    """

    def __init__(self, features: Sequence[Feature], normalization: Normalization) -> None:
        self._names: dict[str, list[str]] = {}
        self._positions: dict[str, list[int]] = {}
        self._cells: dict[str, Callable[[Sequence[Any]], Sequence[Any]]] = {}
        self.transforms: dict[str, Transform] = {}
        self.readers: dict[str, Reader] = {}
        for kind, transform in TRANSFORMS.items():
            positions = [position for position, feature in enumerate(features) if feature.kind == kind]
            if positions:
                members = [features[position] for position in positions]
                self._names[kind] = [feature.name for feature in members]
                self._positions[kind] = positions
                self._cells[kind] = _getter(positions)
                made = transform(members, [_statistics(normalization, one) for one in members])
                self.transforms[kind] = made
                readers = {one.name: made.reader(index) for index, one in enumerate(members)}
                self.readers |= {name: reader for name, reader in readers.items() if reader is not None}

    @property
    def tensors(self) -> dict[str, TensorType]:
        """The graph's inputs by name."""
        return {name: one for transform in self.transforms.values() for name, one in transform.tensors.items()}

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> Columns:
        """The rows of a request turned on their side, each cell read; an absent feature is None."""
        return self.read({name: [row.get(name) for row in rows] for names in self._names.values() for name in names})

    def read(self, columns: Columns) -> Columns:
        """Columns of a request's cells as `vectorize` takes them; raises ValueError where a cell breaks a rule."""
        return {name: _read(column, self.readers.get(name)) for name, column in columns.items()}

    def vectorize(self, columns: Columns) -> Raw:
        """Raw arrays, one a kind, of columns of equal length."""
        return {
            kind: transform.vectorize([columns[name] for name in self._names[kind]])
            for kind, transform in self.transforms.items()
        }

    def vectorize_numbers(self, columns: NDArray[np.float64]) -> Raw:
        """As `vectorize`, where all features are numbers, of their columns in one array."""
        kind = NumberTransform.kind
        return {kind: self.transforms[kind].vectorize(columns)}

    def vectorize_rows(self, rows: Sequence[Sequence[Any]]) -> Raw:
        """Raw arrays, one a kind, of rows with a cell a feature in the features' order."""
        if len(self.transforms) == 1:
            return {kind: transform.vectorize_rows(rows) for kind, transform in self.transforms.items()}
        return {
            kind: transform.vectorize_rows(list(map(self._cells[kind], rows)))
            for kind, transform in self.transforms.items()
        }

    def ordinary(self, raw: Raw) -> bool:
        """Whether no value is missing and none is worth a warning."""
        for kind, transform in self.transforms.items():  # noqa: SIM110 a generator costs as much as the comparisons
            if not transform.ordinary(raw[kind]):
                return False
        return True

    def normalize(self, raw: Raw, *, ordinary: bool = False) -> Tensors:
        """The graph's inputs, at less cost where the rows, of any number of requests, are known to be ordinary."""
        if len(self.transforms) == 1:
            ((kind, transform),) = self.transforms.items()
            return transform.normalize(raw[kind], ordinary=ordinary)
        tensors: Tensors = {}
        for kind, transform in self.transforms.items():
            tensors |= transform.normalize(raw[kind], ordinary=ordinary)
        return tensors

    def warnings(self, raw: Raw, cell: Cell) -> Iterator[tuple[int, RowWarning]]:
        """Row number and warning of every accepted value that training never saw the like of.

        `cell` tells a value as it was sent, by its row number and its feature's position.
        """
        for kind, transform in self.transforms.items():
            yield from transform.warnings(raw[kind], partial(_cell, cell, self._positions[kind]))


def fit(features: Sequence[Feature], columns: Columns) -> Normalization:
    """Statistics of every feature over the train split's columns (the target's are the caller's)."""
    return Normalization(features={one.name: TRANSFORMS[one.kind].fit(one, columns[one.name]) for one in features})


def concatenate(parts: Sequence[Raw]) -> Raw:
    """The rows of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    return {kind: np.concatenate([part[kind] for part in parts]) for kind in parts[0]}


def _cell(cell: Cell, positions: Sequence[int], row: int, index: int) -> Any:
    return cell(row, positions[index])


def _read(column: Sequence[Any], reader: Reader | None) -> Sequence[Any]:
    return column if reader is None else [None if cell is None else reader(cell) for cell in column]


def _getter(positions: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A row's cells at the positions."""
    if len(positions) == 1:
        (only,) = positions
        return lambda row: (row[only],)
    return itemgetter(*positions)


def _statistics(normalization: Normalization, feature: Feature) -> Any:
    statistics = normalization.features.get(feature.name)
    if statistics is None or statistics.kind != feature.kind:
        found = "none" if statistics is None else f"statistics of a {statistics.kind}"
        raise BundleError(f"feature {feature.name!r} needs statistics of a {feature.kind}, found {found}")
    return statistics
