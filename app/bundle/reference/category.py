"""Categories: a bin for each of the most frequent, one for all others."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.bundle.errors import Frozen
from app.bundle.normalization import CategoryStatistics
from app.bundle.reference.base import Bin, Count
from app.bundle.transforms.category import FIRST

MOST_FREQUENT = 20


class CategoryReference(Frozen):
    """Rows of the train split that hold each of the vocabulary's first strings, in its order, or another one."""

    kind: Literal["category"] = "category"
    counts: tuple[Count, ...]
    other: Count
    missing: Count


class CategoryBins:
    """Of a raw column of codes: unseen, missing, the vocabulary's first strings, and its others."""

    def __init__(self, reference: CategoryReference, statistics: CategoryStatistics) -> None:
        known = zip(statistics.categories[: len(reference.counts)], reference.counts, strict=True)
        self.bins: Sequence[Bin] = (
            Bin("unseen", "unseen_category", 0),
            Bin("missing", "missing", reference.missing),
            *(Bin(f"={text}", "value", count) for text, count in known),
            Bin("other", "value", reference.other),
        )

    @staticmethod
    def fit(column: NDArray[np.int32], statistics: CategoryStatistics) -> CategoryReference:
        """Counts of at most MOST_FREQUENT strings: a vocabulary begins with the most frequent."""
        _, missing, *known = np.bincount(column, minlength=FIRST + len(statistics.categories)).tolist()
        return CategoryReference(counts=tuple(known[:MOST_FREQUENT]), other=sum(known[MOST_FREQUENT:]), missing=missing)

    def count(self, column: NDArray[np.int32]) -> NDArray[np.intp]:
        """Array of shape (n_bins,)."""
        last = len(self.bins) - 1
        return np.bincount(np.minimum(column, last), minlength=last + 1)
