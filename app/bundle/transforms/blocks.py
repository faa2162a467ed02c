"""The base class of images and sounds, whose cells are files that become blocks of numbers of a fixed shape.

Tests: tests/app/bundle/transforms/test_image.py, tests/app/bundle/transforms/test_audio.py
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms.base import CellLookup, RowWarning, Tensors, TensorType, Transform

if TYPE_CHECKING:
    import polars as pl

    from app.bundle.tables.archives import Files
    from app.bundle.tables.decimal_marks import DecimalMark


class BlockTransform(Transform):
    """Raw: a row's blocks one behind the other, each followed by a 1 where it is missing. Tensors: one per feature.

    A missing block becomes zeros, the mean of all. A cell is a file in base64, or its bytes.
    """

    cell: ClassVar[Any] = str
    arrow_types: ClassVar[frozenset[str]] = frozenset({"binary"})
    is_file: ClassVar[bool] = True
    dtype: ClassVar[type[np.generic]]

    def __init__(self, features: Sequence[Any], statistics: Sequence[Any]) -> None:
        self._features = features
        self._statistics = statistics
        self._shapes = [self.shape(feature) for feature in features]
        self._empty = [np.zeros(shape, self.dtype) for shape in self._shapes]
        self.tensors = {
            f"{self.kind}_{index}": TensorType("float32", shape) for index, shape in enumerate(self._shapes)
        }

    @staticmethod
    @abstractmethod
    def shape(feature: Any) -> tuple[int, ...]:
        """Return the shape of the feature's block."""

    def standardize(self, index: int, block: NDArray[Any]) -> NDArray[np.float32]:
        """Return a feature's blocks, of shape (n_rows, …), standardized along the last axis."""
        statistics = self._statistics[index]
        mean = np.array(statistics.mean, dtype=np.float32)
        deviation = np.array(statistics.standard_deviation, dtype=np.float32)
        standardized: NDArray[np.float32] = (block - mean) / deviation
        return standardized

    @staticmethod
    def from_polars(
        feature: Any,  # noqa: ARG004 a file is decoded later
        column: "pl.Series",
        mark: "DecimalMark",  # noqa: ARG004 a file has no decimals
        files: "Files | None",
    ) -> list[Any]:
        """Return base64 text of the file that each path names; a path without a file is returned as it stands."""
        from app.bundle.tables.columns import file_cells  # noqa: PLC0415 the service has no polars

        return file_cells(column, files)

    def vectorize(self, columns: Sequence[Sequence[NDArray[Any] | None]] | NDArray[Any]) -> NDArray[Any]:
        """Return the array of `vectorize_rows`, from columns."""
        return self.vectorize_rows(list(zip(*columns, strict=True)))

    def vectorize_rows(self, rows: Sequence[Sequence[NDArray[Any] | None]]) -> NDArray[Any]:
        """Return an array of `dtype` of shape (n_rows, numbers of all blocks + n_features)."""
        raw = np.zeros((len(rows), sum(block.size + 1 for block in self._empty)), dtype=self.dtype)
        for line, row in zip(raw, rows, strict=True):
            first = 0
            for cell, empty in zip(row, self._empty, strict=True):
                line[first : first + empty.size] = (empty if cell is None else cell).reshape(-1)
                first += empty.size + 1
                line[first - 1] = cell is None
        return raw

    def place(self, index: int) -> Any:
        """Return the index of the feature's block and of its mark for missing."""
        last = self._last()[index]
        return (slice(None), slice(last - self._empty[index].size, last + 1))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return the one owner of each tensor."""
        return {name: np.array(index) for index, name in enumerate(self.tensors)}

    def summary(self, raw: NDArray[Any]) -> NDArray[np.float64]:
        """Return the mean of each block, NaN where it is missing: shape (n_rows, n_features, 1)."""
        means = [np.where(missing, np.nan, block.mean(axis=1)) for block, missing in self._blocks(raw)]
        return np.stack(means, axis=1)[:, :, None]

    def ordinary(self, raw: NDArray[Any]) -> bool:
        """Return whether no file is missing."""
        return not any(raw[:, last].any() for last in self._last())

    def normalize(
        self,
        raw: NDArray[Any],
        *,
        ordinary: bool = False,  # noqa: ARG002 looking for missing blocks costs little
    ) -> Tensors:
        """Return one float32 block per feature."""
        tensors: Tensors = {}
        for index, (name, (sent, missing)) in enumerate(zip(self.tensors, self._blocks(raw), strict=True)):
            block = self.standardize(index, sent.reshape(-1, *self._shapes[index]))
            block[missing] = 0
            tensors[name] = block
        return tensors

    def warnings(
        self,
        raw: NDArray[Any],  # noqa: ARG002 no file is refused for its looks
        cell: CellLookup,  # noqa: ARG002
    ) -> Iterator[tuple[int, RowWarning]]:
        """Return an empty iterator."""
        return iter(())

    def _blocks(self, raw: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_]]]:
        """Yield each feature's flat blocks, a view of shape (n_rows, numbers), and which of them are missing."""
        for empty, last in zip(self._empty, self._last(), strict=True):
            yield raw[:, last - empty.size : last], raw[:, last] != 0

    def _last(self) -> list[int]:
        """Return the position of each feature's mark for missing."""
        return [int(end) - 1 for end in np.cumsum([block.size + 1 for block in self._empty])]
