"""What images and sounds have in common: cells of a file each, that become a block of numbers of a fixed shape."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform


class BlockTransform(Transform):
    """Raw: a row's blocks one behind the other, after each a 1 where it is missing. Tensors: a float32 block a feature.

    What is missing is read as the mean of all. A cell is a file in base64, or its bytes.
    """

    cell: ClassVar[Any] = str
    is_file: ClassVar[bool] = True
    dtype: ClassVar[type[np.generic]]

    def __init__(self, features: Sequence[Any], statistics: Sequence[Any]) -> None:
        self._features = features
        self._statistics = statistics
        self._shapes = [self.shape(one) for one in features]
        self._empty = [np.zeros(shape, self.dtype) for shape in self._shapes]
        self.tensors = {
            f"{self.kind}_{index}": TensorType("float32", shape) for index, shape in enumerate(self._shapes)
        }

    @staticmethod
    @abstractmethod
    def shape(feature: Any) -> tuple[int, ...]:
        """Of the feature's block."""

    @abstractmethod
    def standardize(self, index: int, block: NDArray[Any]) -> NDArray[np.float32]:
        """A feature's blocks, of shape (n_rows, …), as the network reads them."""

    def vectorize(self, columns: Sequence[Sequence[NDArray[Any] | None]] | NDArray[Any]) -> NDArray[Any]:
        """As `vectorize_rows`, of columns."""
        return self.vectorize_rows(list(zip(*columns, strict=True)))

    def vectorize_rows(self, rows: Sequence[Sequence[NDArray[Any] | None]]) -> NDArray[Any]:
        """Array of `dtype` of shape (n_rows, numbers of all blocks + n_features)."""
        raw = np.zeros((len(rows), sum(one.size + 1 for one in self._empty)), dtype=self.dtype)
        for line, row in zip(raw, rows, strict=True):
            first = 0
            for cell, empty in zip(row, self._empty, strict=True):
                line[first : first + empty.size] = (empty if cell is None else cell).reshape(-1)
                first += empty.size + 1
                line[first - 1] = cell is None
        return raw

    def place(self, index: int) -> Any:
        """The feature's block and the mark of a missing one."""
        last = self._last()[index]
        return (slice(None), slice(last - self._empty[index].size, last + 1))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Each tensor is of one feature."""
        return {name: np.array(index) for index, name in enumerate(self.tensors)}

    def summary(self, raw: NDArray[Any]) -> NDArray[np.float64]:
        """The mean of each block's numbers, NaN where it is missing: of shape (n_rows, n_features, 1)."""
        means = [np.where(missing, np.nan, block.mean(axis=1)) for block, missing in self._blocks(raw)]
        return np.stack(means, axis=1)[:, :, None]

    def ordinary(self, raw: NDArray[Any]) -> bool:
        """Whether no file is missing."""
        return not any(raw[:, last].any() for last in self._last())

    def normalize(
        self,
        raw: NDArray[Any],
        *,
        ordinary: bool = False,  # noqa: ARG002 what is missing costs little to look for
    ) -> Tensors:
        """A block of float32 a feature."""
        tensors: Tensors = {}
        for index, (name, (sent, missing)) in enumerate(zip(self.tensors, self._blocks(raw), strict=True)):
            block = self.standardize(index, sent.reshape(-1, *self._shapes[index]))
            block[missing] = 0
            tensors[name] = block
        return tensors

    def warnings(
        self,
        raw: NDArray[Any],  # noqa: ARG002 no file is refused for its looks
        cell: Cell,  # noqa: ARG002
    ) -> Iterator[tuple[int, RowWarning]]:
        """None."""
        return iter(())

    def _blocks(self, raw: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_]]]:
        """Of each feature its flat blocks, a view, and which of them are missing."""
        for empty, last in zip(self._empty, self._last(), strict=True):
            yield raw[:, last - empty.size : last], raw[:, last] != 0

    def _last(self) -> list[int]:
        """The position of each feature's mark of what is missing."""
        return [int(end) - 1 for end in np.cumsum([one.size + 1 for one in self._empty])]
