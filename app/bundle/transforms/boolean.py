"""Booleans: one indicator for true, and one beside it where the value may be missing."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.features import BooleanFeature
from app.bundle.normalization import BooleanStatistics
from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform

TEXTS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0"), False),
}
"""What stands for a boolean in text formats, in lower case; JSON and Arrow have their own."""


class BooleanTransform(Transform):
    """Raw: float32 of shape (n_rows, n_features), 1 true, 0 false, NaN where missing.

    Tensor: float32 of shape (n_rows, width), for each feature 1 true, -1 false, 0 missing; then whether it is missing
    for each that may be.
    """

    kind: ClassVar[str] = "boolean"
    cell: ClassVar[Any] = bool

    def __init__(
        self,
        features: Sequence[BooleanFeature],
        statistics: Sequence[BooleanStatistics],  # noqa: ARG002 a boolean has no scale
    ) -> None:
        self._n_features = len(features)
        self._nullable = np.flatnonzero([one.nullable for one in features])
        self.tensors = {self.kind: TensorType("float32", (len(features) + len(self._nullable),))}

    @staticmethod
    def fit(feature: BooleanFeature, column: Sequence[bool | None]) -> BooleanStatistics:
        """The share of true; raises ValueError where no cell holds a boolean."""
        filled = [cell for cell in column if cell is not None]
        if not filled:
            raise ValueError(f"feature {feature.name!r} needs at least one boolean in the train split, received none")
        return BooleanStatistics(true_share=sum(filled) / len(filled))

    @staticmethod
    def describe(statistics: BooleanStatistics) -> str:
        """How often it is true."""
        return f"True in {statistics.true_share:.1%} of the rows of training."

    def vectorize(self, columns: Sequence[Sequence[bool | None]] | NDArray[Any]) -> NDArray[np.float32]:
        """Float32 array of shape (n_rows, n_features)."""
        return np.array(np.array(columns, dtype=np.float32).T, order="C")

    def vectorize_rows(self, rows: Sequence[Sequence[bool | None]]) -> NDArray[np.float32]:
        """As `vectorize`, of rows."""
        return np.array(rows, dtype=np.float32)

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Of the signs, then of the indicators."""
        return {self.kind: np.concatenate([np.arange(self._n_features), self._nullable])}

    def ordinary(self, raw: NDArray[np.float32]) -> bool:
        """Whether none is missing."""
        return not np.isnan(raw).any()

    def normalize(
        self,
        raw: NDArray[np.float32],
        *,
        ordinary: bool = False,  # noqa: ARG002 nothing is saved
    ) -> Tensors:
        """The tensor."""
        missing = np.isnan(raw)
        signs = np.where(missing, 0, 2 * raw - 1)
        return {self.kind: np.concatenate([signs, missing[:, self._nullable]], axis=1, dtype=np.float32)}

    def warnings(
        self,
        raw: NDArray[np.float32],  # noqa: ARG002 training knows both values
        cell: Cell,  # noqa: ARG002
    ) -> Iterator[tuple[int, RowWarning]]:
        """None."""
        return iter(())
