"""What a kind must bring to turn its columns into the graph's tensors."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[Any]]
"""Inputs of the graph by name, each of shape (n_rows, …)."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """An input of the graph; `shape` is without its first axis, the rows."""

    dtype: Literal["float32", "int32"]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A value that was accepted though training never saw its like."""

    feature: str
    rule: str
    message: str


Cell = Callable[[int, int], Any]
"""The cell of a row number and a feature's position, as it was sent."""


class Transform(ABC):
    """All features of one kind, in the manifest's order. Immutable, safe to share between threads.

    A cell is what a request holds. A raw array holds what was sent, a column a feature; tensors are what the graph
    reads, by name: the kind's own name, or that with a suffix where a kind has several.
    """

    kind: ClassVar[str]
    cell: ClassVar[Any]
    """The type of a cell in JSON, as msgspec and pydantic take it."""
    is_file: ClassVar[bool] = False
    """Whether a cell is base64 text of a file, that other formats hold as bytes and data files as a path."""
    tensors: Mapping[str, TensorType]

    @abstractmethod
    def __init__(self, features: Sequence[Any], statistics: Sequence[Any]) -> None: ...

    @staticmethod
    @abstractmethod
    def fit(feature: Any, column: Sequence[Any]) -> Any:
        """Statistics of one feature's cells in the train split."""

    @staticmethod
    @abstractmethod
    def describe(statistics: Any) -> str:
        """What a caller must know of the values that training saw, a sentence."""

    def reader(self, index: int) -> Callable[[Any], Any] | None:  # noqa: ARG002 most kinds need none
        """Turns a feature's cell, of its type and not None, into what `vectorize` takes; None where it is that already.

        The function raises ValueError with the rule that the cell breaks: "must be …".
        """
        return None

    @abstractmethod
    def vectorize(self, columns: Sequence[Sequence[Any]] | NDArray[Any]) -> NDArray[Any]:
        """Raw array of shape (n_rows, n_features) of one column of n_rows cells, as read, a feature."""

    @abstractmethod
    def vectorize_rows(self, rows: Sequence[Sequence[Any]]) -> NDArray[Any]:
        """As `vectorize`, of n_rows rows with a cell a feature each."""

    def exchange(self, raw: NDArray[Any], index: int, other: NDArray[Any]) -> NDArray[Any]:
        """A copy of the raw array with one feature's values from another of the same shape."""
        place = self.place(index)
        changed = raw.copy()
        changed[place] = other[place]
        return changed

    def place(self, index: int) -> Any:
        """The index of a raw array that selects one feature's values."""
        return (slice(None), index)

    @abstractmethod
    def owners(self) -> dict[str, NDArray[np.intp]]:
        """The index of the feature that each number of a row's tensor is of: of that shape, or broadcast to it."""

    def summary(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Of shape (n_rows, n_features, …), small: what of each value is watched for drift."""
        return raw

    @abstractmethod
    def ordinary(self, raw: NDArray[Any]) -> bool:
        """Whether no value is missing and none is worth a warning."""

    @abstractmethod
    def normalize(self, raw: NDArray[Any], *, ordinary: bool = False) -> Tensors:
        """The tensors of a raw array, at less cost where it is known to be ordinary."""

    @abstractmethod
    def warnings(self, raw: NDArray[Any], cell: Cell) -> Iterator[tuple[int, RowWarning]]:
        """The row number and the warning of each accepted value that training never saw the like of."""
