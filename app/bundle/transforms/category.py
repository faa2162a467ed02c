"""Categories: one code per string, and codes for strings outside the vocabulary and for missing ones."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from app.bundle.bins.base import Bin, Count, Distribution, FeatureReference, ValueDistribution
from app.bundle.display import shorten
from app.bundle.transforms.base import CellLookup, Feature, RowWarning, Statistics, Tensors, TensorType, Transform

UNKNOWN, MISSING, FIRST = 0, 1, 2
"""Codes: a string outside the vocabulary, no value, and the vocabulary's first string."""

MOST_FREQUENT = 20
"""Categories that drift counts in a bin of their own."""

_LISTED = 100


class CategoryFeature(Feature):
    """One of a set of strings; strings outside the vocabulary share a code of their own."""

    kind: Literal["category"] = "category"
    missing_values: tuple[str, ...] = ()
    example: str | None = None


class CategoryStatistics(Statistics):
    """The vocabulary of one category, the most frequent string first."""

    kind: Literal["category"] = "category"
    categories: tuple[str, ...]


class CategoryReference(FeatureReference):
    """Rows of the train split by category: `counts` of the vocabulary's first strings, in its order, then the rest."""

    kind: Literal["category"] = "category"
    counts: tuple[Count, ...]
    other: Count
    missing: Count


class CategoryBins:
    """Bins of a raw column of codes: unseen, missing, each of the vocabulary's first strings, and its others."""

    reference_type: ClassVar[type[FeatureReference]] = CategoryReference

    def __init__(self, reference: CategoryReference, statistics: CategoryStatistics) -> None:
        known = zip(statistics.categories[: len(reference.counts)], reference.counts, strict=True)
        self.bins: Sequence[Bin] = (
            Bin("unseen", "unseen_category", 0),
            Bin("missing", "missing", reference.missing),
            *(Bin(f"={text}", "value", count) for text, count in known),
            Bin("other", "value", reference.other),
        )

    @classmethod
    def fit(cls, column: NDArray[np.int32], statistics: CategoryStatistics) -> CategoryReference:
        """Return the counts of at most MOST_FREQUENT strings: a vocabulary begins with the most frequent."""
        _, missing, *known = np.bincount(column, minlength=FIRST + len(statistics.categories)).tolist()
        return CategoryReference(counts=tuple(known[:MOST_FREQUENT]), other=sum(known[MOST_FREQUENT:]), missing=missing)

    def count(self, column: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return the rows in each bin, of shape (n_bins,)."""
        last = len(self.bins) - 1
        return np.bincount(np.minimum(column, last), minlength=last + 1)


class CategoryTransform(Transform):
    """Raw array and tensor alike: int32 codes, one column per feature."""

    kind: ClassVar[str] = "category"
    feature_type: ClassVar[type[Feature]] = CategoryFeature
    statistics_type: ClassVar[type[Statistics]] = CategoryStatistics
    distribution: ClassVar[Distribution] = ValueDistribution(CategoryBins)
    cell: ClassVar[Any] = str
    column_type: ClassVar[type[float] | type[str] | None] = str

    def __init__(self, features: Sequence[CategoryFeature], statistics: Sequence[CategoryStatistics]) -> None:
        self._features = features
        self._codes: list[dict[str | None, int]] = []
        for feature, fitted in zip(features, statistics, strict=True):
            codes: dict[str | None, int] = {text: code for code, text in enumerate(fitted.categories, FIRST)}
            codes |= dict.fromkeys([None, *feature.missing_values], MISSING)
            self._codes.append(codes)
        self.tensors = {self.kind: TensorType("int32", (len(features),))}

    @classmethod
    def fit(cls, feature: CategoryFeature, column: Sequence[str | None]) -> CategoryStatistics:
        """Return the strings of the column, the most frequent first, ties in alphabetical order."""
        counts = Counter(text for text in column if text is not None and text not in feature.missing_values)
        return CategoryStatistics(categories=tuple(sorted(counts, key=lambda text: (-counts[text], text))))

    @staticmethod
    def describe(statistics: CategoryStatistics) -> str:
        """Return the vocabulary, cut where it is long."""
        listed = ", ".join(statistics.categories[:_LISTED])
        rest = len(statistics.categories) - _LISTED
        return f"Known categories: {listed}" + (f" and {rest} more." if rest > 0 else ".")

    @staticmethod
    def n_codes(statistics: CategoryStatistics) -> int:
        """Return how many codes a feature has, those of unknown and missing strings included."""
        return FIRST + len(statistics.categories)

    def vectorize(self, columns: Sequence[Sequence[str | None]] | NDArray[Any]) -> NDArray[np.int32]:
        """Return int32 of shape (n_rows, n_features)."""
        codes = [
            [lookup.get(text, UNKNOWN) for text in column] for lookup, column in zip(self._codes, columns, strict=True)
        ]
        return np.array(codes, dtype=np.int32).T

    def vectorize_rows(self, rows: Sequence[Sequence[str | None]]) -> NDArray[np.int32]:
        """Return the same array from rows."""
        lookups = self._codes
        codes = [[lookup.get(text, UNKNOWN) for lookup, text in zip(lookups, row, strict=True)] for row in rows]
        return np.array(codes, dtype=np.int32)

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return one owner per code."""
        return {self.kind: np.arange(len(self._features))}

    def ordinary(self, raw: NDArray[np.int32]) -> bool:
        """Return whether every string is in the vocabulary, or missing."""
        return bool(np.count_nonzero(raw) == raw.size)  # UNKNOWN is 0

    def normalize(
        self,
        raw: NDArray[np.int32],
        *,
        ordinary: bool = False,  # noqa: ARG002 every code is treated alike
    ) -> Tensors:
        """Return the codes unchanged, in row order."""
        return {self.kind: np.ascontiguousarray(raw)}

    def warnings(self, raw: NDArray[np.int32], cell: CellLookup) -> Iterator[tuple[int, RowWarning]]:
        """Yield a warning for each string outside the vocabulary."""
        unknown = raw == UNKNOWN
        for row, index in np.argwhere(unknown) if np.count_nonzero(unknown) else ():
            name = self._features[index].name
            message = f"{shorten(cell(row, index))} is a category that training never saw in {name!r}"
            yield int(row), RowWarning(name, "unseen_category", message)
