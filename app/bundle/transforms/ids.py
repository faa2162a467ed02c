"""Users and items: one code per id that training saw often enough, and a few codes that all other ids share."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.bundle.bins.base import Distribution
from app.bundle.bins.measured import MeasuredDistribution, Quantity
from app.bundle.display import shorten
from app.bundle.errors import BundleModel
from app.bundle.transforms.base import CellLookup, Feature, RowWarning, Statistics, Tensors, TensorType, Transform

MISSING, FIRST_BUCKET = 0, 1
"""Codes: no value, and the first bucket; the codes of known ids follow the last bucket."""
MIN_ROWS = 2
"""Train rows from which an id is known; rarer ids fill the buckets, as new ids will."""
IDS_A_BUCKET = 100
MAX_BUCKETS = 1024


class IdFields(BundleModel):
    """Fields that the features of users and items share; bundles have `kind` behind them."""

    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    example: str | None = None


class UserFeature(Feature, IdFields):
    """The id of a user who rates or chooses items; ids that training saw too seldom share codes."""

    kind: Literal["user"] = "user"


class ItemFeature(Feature, IdFields):
    """The id of an item that is rated or chosen, and can be ranked; ids that training saw too seldom share codes."""

    kind: Literal["item"] = "item"


class IdVocabulary(BundleModel):
    """The ids with MIN_ROWS train rows or more, the most frequent first; all others share `buckets` codes."""

    ids: tuple[str, ...]
    buckets: Annotated[int, Field(ge=1)]


class UserStatistics(Statistics, IdVocabulary):
    """The vocabulary of users."""

    kind: Literal["user"] = "user"


class ItemStatistics(Statistics, IdVocabulary):
    """The vocabulary of items."""

    kind: Literal["item"] = "item"


IdFeature = UserFeature | ItemFeature
IdStatistics = UserStatistics | ItemStatistics


class IdTransform(Transform):
    """Raw array and tensor alike: int32 codes, one column per feature."""

    statistics_type: ClassVar[type[IdStatistics]]
    cell: ClassVar[Any] = str
    is_single: ClassVar[bool] = True

    def __init__(self, features: Sequence[IdFeature], statistics: Sequence[IdStatistics]) -> None:
        self._features = features
        self._codes = [_Codes(feature, fitted) for feature, fitted in zip(features, statistics, strict=True)]
        self._first = np.array([first_known(fitted) for fitted in statistics], dtype=np.int32)
        self.tensors = {self.kind: TensorType("int32", (len(features),))}

    @classmethod
    def fit(cls, feature: IdFeature, column: Sequence[str | None]) -> IdStatistics:
        """Return the ids with MIN_ROWS rows or more, the most frequent first, ties in alphabetical order."""
        counts = Counter(text for text in column if text is not None and text not in feature.missing_values)
        known = sorted((text for text in counts if counts[text] >= MIN_ROWS), key=lambda text: (-counts[text], text))
        buckets = min(1 + len(known) // IDS_A_BUCKET, MAX_BUCKETS)
        return cls.statistics_type(ids=tuple(known), buckets=buckets)

    @staticmethod
    def describe(statistics: IdStatistics) -> str:
        """Return how many ids are known: a list would be too long, and would disclose them."""
        return f"{len(statistics.ids):,} are known from training, others are answered for as new ones."

    def vectorize(self, columns: Sequence[Sequence[str | None]] | NDArray[Any]) -> NDArray[np.int32]:
        """Return int32 of shape (n_rows, n_features)."""
        codes = [[known[text] for text in column] for known, column in zip(self._codes, columns, strict=True)]
        return np.array(codes, dtype=np.int32).T

    def vectorize_rows(self, rows: Sequence[Sequence[str | None]]) -> NDArray[np.int32]:
        """Return the same array from rows."""
        return np.array(
            [[known[text] for known, text in zip(self._codes, row, strict=True)] for row in rows], dtype=np.int32
        )

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return one owner per code."""
        return {self.kind: np.arange(len(self._features))}

    def summary(self, raw: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the rank of a known id (1 is the most frequent in training, NaN missing), then 1 for an unknown id."""
        ranks = np.where(raw == MISSING, np.nan, raw - self._first + 1)
        return np.stack([ranks, (raw >= FIRST_BUCKET) & (raw < self._first)], axis=2)

    def ordinary(self, raw: NDArray[np.int32]) -> bool:
        """Return whether every id is known."""
        return bool((raw >= self._first).all())

    def normalize(
        self,
        raw: NDArray[np.int32],
        *,
        ordinary: bool = False,  # noqa: ARG002 every code is treated alike
    ) -> Tensors:
        """Return the codes unchanged, in row order."""
        return {self.kind: np.ascontiguousarray(raw)}

    def warnings(self, raw: NDArray[np.int32], cell: CellLookup) -> Iterator[tuple[int, RowWarning]]:
        """Yield a warning for each id that is in a bucket."""
        unknown = (raw >= FIRST_BUCKET) & (raw < self._first)
        for row, index in np.argwhere(unknown):
            name = self._features[index].name
            message = f"{shorten(cell(row, index))} is no {self.kind} that training knows in {name!r}"
            yield int(row), RowWarning(name, f"unseen_{self.kind}", message)


class UserTransform(IdTransform):
    """All features that hold users' ids."""

    kind: ClassVar[str] = "user"
    feature_type: ClassVar[type[Feature]] = UserFeature
    statistics_type: ClassVar[type[IdStatistics]] = UserStatistics
    distribution: ClassVar[Distribution] = MeasuredDistribution("user", Quantity("rank", unseen="unseen_user"))
    identifies_people: ClassVar[bool] = True


class ItemTransform(IdTransform):
    """All features that hold items' ids."""

    kind: ClassVar[str] = "item"
    feature_type: ClassVar[type[Feature]] = ItemFeature
    statistics_type: ClassVar[type[IdStatistics]] = ItemStatistics
    distribution: ClassVar[Distribution] = MeasuredDistribution("item", Quantity("rank", unseen="unseen_item"))


def bucket(text: str, buckets: int) -> int:
    """Return the code of an unknown id, the same on every machine."""
    return FIRST_BUCKET + crc32(text.encode("utf-8", "surrogatepass")) % buckets


def first_known(statistics: IdVocabulary) -> int:
    """Return the code of the first known id."""
    return FIRST_BUCKET + statistics.buckets


def n_codes(statistics: IdVocabulary) -> int:
    """Return how many codes there are, those of missing ids and of the buckets included."""
    return first_known(statistics) + len(statistics.ids)


class _Codes(dict[str | None, int]):
    """Codes by id; an unknown id gets its bucket and is not stored."""

    def __init__(self, feature: IdFeature, statistics: IdStatistics) -> None:
        super().__init__(zip(statistics.ids, range(first_known(statistics), n_codes(statistics)), strict=True))
        self.update(dict.fromkeys([None, *feature.missing_values], MISSING))
        self._buckets = statistics.buckets

    def __missing__(self, text: str) -> int:
        return bucket(text, self._buckets)
