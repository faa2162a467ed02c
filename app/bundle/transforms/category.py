"""Categories: a code a string, with codes of their own for the unknown and the missing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.features import CategoryFeature
from app.bundle.normalization import CategoryStatistics
from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform

UNKNOWN, MISSING, FIRST = 0, 1, 2
"""Codes: a string outside the vocabulary, no value, and the vocabulary's first string."""

_LISTED = 100


class CategoryTransform(Transform):
    """Raw and tensor alike: int32 codes, one column a feature."""

    kind: ClassVar[str] = "category"
    cell: ClassVar[Any] = str

    def __init__(self, features: Sequence[CategoryFeature], statistics: Sequence[CategoryStatistics]) -> None:
        self._features = features
        self._codes: list[dict[str | None, int]] = []
        for feature, fitted in zip(features, statistics, strict=True):
            codes: dict[str | None, int] = {text: code for code, text in enumerate(fitted.categories, FIRST)}
            codes |= dict.fromkeys([None, *feature.missing_values], MISSING)
            self._codes.append(codes)
        self.tensors = {self.kind: TensorType("int32", (len(features),))}

    @staticmethod
    def fit(feature: CategoryFeature, column: Sequence[str | None]) -> CategoryStatistics:
        """The strings of the column, most frequent first and by alphabet where they tie."""
        counts = Counter(text for text in column if text is not None and text not in feature.missing_values)
        return CategoryStatistics(categories=tuple(sorted(counts, key=lambda text: (-counts[text], text))))

    @staticmethod
    def describe(statistics: CategoryStatistics) -> str:
        """The vocabulary, cut where it is long."""
        listed = ", ".join(statistics.categories[:_LISTED])
        rest = len(statistics.categories) - _LISTED
        return f"Known categories: {listed}" + (f" and {rest} more." if rest > 0 else ".")

    @staticmethod
    def n_codes(statistics: CategoryStatistics) -> int:
        """How many codes a feature has, those of the unknown and the missing included."""
        return FIRST + len(statistics.categories)

    def vectorize(self, columns: Sequence[Sequence[str | None]] | NDArray[Any]) -> NDArray[np.int32]:
        """Int32 array of shape (n_rows, n_features)."""
        codes = [
            [lookup.get(text, UNKNOWN) for text in column] for lookup, column in zip(self._codes, columns, strict=True)
        ]
        return np.array(codes, dtype=np.int32).T

    def vectorize_rows(self, rows: Sequence[Sequence[str | None]]) -> NDArray[np.int32]:
        """As `vectorize`, of rows."""
        lookups = self._codes
        codes = [[lookup.get(text, UNKNOWN) for lookup, text in zip(lookups, row, strict=True)] for row in rows]
        return np.array(codes, dtype=np.int32)

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """A code a feature."""
        return {self.kind: np.arange(len(self._features))}

    def ordinary(self, raw: NDArray[np.int32]) -> bool:
        """Whether every string is in the vocabulary, or missing."""
        return bool(np.count_nonzero(raw) == raw.size)  # UNKNOWN is 0

    def normalize(
        self,
        raw: NDArray[np.int32],
        *,
        ordinary: bool = False,  # noqa: ARG002 every code is treated alike
    ) -> Tensors:
        """The codes as they are, in row order."""
        return {self.kind: np.ascontiguousarray(raw)}

    def warnings(self, raw: NDArray[np.int32], cell: Cell) -> Iterator[tuple[int, RowWarning]]:
        """Strings outside the vocabulary."""
        unknown = raw == UNKNOWN
        for row, index in np.argwhere(unknown) if np.count_nonzero(unknown) else ():
            name = self._features[index].name
            message = f"{shorten(cell(row, index))} is a category that training never saw in {name!r}"
            yield int(row), RowWarning(name, "unseen_category", message)
