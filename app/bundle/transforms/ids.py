"""Users and items: a code an id that training saw often enough, and a few codes that all others share."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.features import IdFeature
from app.bundle.normalization import IdStatistics, ItemStatistics, UserStatistics
from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform

MISSING, FIRST_BUCKET = 0, 1
"""Codes: no value, and the first bucket; the ids that are known begin after the last bucket."""
MIN_ROWS = 2
"""Train rows of an id that is known: the others fill the buckets, as ids that are new will."""
IDS_A_BUCKET = 100
MAX_BUCKETS = 1024


class IdTransform(Transform):
    """Raw and tensor alike: int32 codes, one column a feature."""

    cell: ClassVar[Any] = str
    statistics: ClassVar[type[IdStatistics]]

    def __init__(self, features: Sequence[IdFeature], statistics: Sequence[IdStatistics]) -> None:
        self._features = features
        self._codes = [_Codes(*both) for both in zip(features, statistics, strict=True)]
        self._first = np.array([first_known(one) for one in statistics], dtype=np.int32)
        self.tensors = {self.kind: TensorType("int32", (len(features),))}

    @classmethod
    def fit(cls, feature: IdFeature, column: Sequence[str | None]) -> IdStatistics:
        """The ids of MIN_ROWS rows or more, most frequent first and by alphabet where they tie."""
        counts = Counter(text for text in column if text is not None and text not in feature.missing_values)
        known = sorted((one for one in counts if counts[one] >= MIN_ROWS), key=lambda one: (-counts[one], one))
        buckets = min(1 + len(known) // IDS_A_BUCKET, MAX_BUCKETS)
        return cls.statistics(ids=tuple(known), buckets=buckets)

    @staticmethod
    def describe(statistics: IdStatistics) -> str:
        """How many are known; a list would be too long, and tell who they are."""
        return f"{len(statistics.ids):,} are known from training, others are answered for as new ones."

    def vectorize(self, columns: Sequence[Sequence[str | None]] | NDArray[Any]) -> NDArray[np.int32]:
        """Int32 array of shape (n_rows, n_features)."""
        codes = [[known[text] for text in column] for known, column in zip(self._codes, columns, strict=True)]
        return np.array(codes, dtype=np.int32).T

    def vectorize_rows(self, rows: Sequence[Sequence[str | None]]) -> NDArray[np.int32]:
        """As `vectorize`, of rows."""
        return np.array(
            [[known[text] for known, text in zip(self._codes, row, strict=True)] for row in rows], dtype=np.int32
        )

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """A code a feature."""
        return {self.kind: np.arange(len(self._features))}

    def summary(self, raw: NDArray[np.int32]) -> NDArray[np.float64]:
        """The rank of a known id, 1 the most frequent in training, NaN where missing; then 1 where it is not known."""
        ranks = np.where(raw == MISSING, np.nan, raw - self._first + 1)
        return np.stack([ranks, (raw >= FIRST_BUCKET) & (raw < self._first)], axis=2)

    def ordinary(self, raw: NDArray[np.int32]) -> bool:
        """Whether every id is known."""
        return bool((raw >= self._first).all())

    def normalize(
        self,
        raw: NDArray[np.int32],
        *,
        ordinary: bool = False,  # noqa: ARG002 every code is treated alike
    ) -> Tensors:
        """The codes as they are, in row order."""
        return {self.kind: np.ascontiguousarray(raw)}

    def warnings(self, raw: NDArray[np.int32], cell: Cell) -> Iterator[tuple[int, RowWarning]]:
        """Ids that are in a bucket."""
        strange = (raw >= FIRST_BUCKET) & (raw < self._first)
        for row, index in np.argwhere(strange):
            name = self._features[index].name
            message = f"{shorten(cell(row, index))} is no {self.kind} that training knows in {name!r}"
            yield int(row), RowWarning(name, f"unseen_{self.kind}", message)


class UserTransform(IdTransform):
    """Users."""

    kind: ClassVar[str] = "user"
    statistics: ClassVar[type[IdStatistics]] = UserStatistics


class ItemTransform(IdTransform):
    """Items."""

    kind: ClassVar[str] = "item"
    statistics: ClassVar[type[IdStatistics]] = ItemStatistics


def bucket(text: str, buckets: int) -> int:
    """The code of an id that is not known, the same on every machine."""
    return FIRST_BUCKET + crc32(text.encode("utf-8", "surrogatepass")) % buckets


def first_known(statistics: IdStatistics) -> int:
    """The code of the first id that is known."""
    return FIRST_BUCKET + statistics.buckets


def n_codes(statistics: IdStatistics) -> int:
    """How many codes there are, those of the missing and of the buckets included."""
    return first_known(statistics) + len(statistics.ids)


class _Codes(dict[str | None, int]):
    """Codes by id; what is not among them is given its bucket, and not kept."""

    def __init__(self, feature: IdFeature, statistics: IdStatistics) -> None:
        super().__init__(zip(statistics.ids, range(first_known(statistics), n_codes(statistics)), strict=True))
        self.update(dict.fromkeys([None, *feature.missing_values], MISSING))
        self._buckets = statistics.buckets

    def __missing__(self, text: str) -> int:
        return bucket(text, self._buckets)
