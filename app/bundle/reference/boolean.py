"""Booleans: a bin each for false, true and missing."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.bundle.errors import Frozen
from app.bundle.normalization import BooleanStatistics
from app.bundle.reference.base import Bin, Count

_MISSING = 2


class BooleanReference(Frozen):
    """Rows of the train split by their value."""

    kind: Literal["boolean"] = "boolean"
    false: Count
    true: Count
    missing: Count


class BooleanBins:
    """Of a raw column of float32: 0 false, 1 true, NaN missing."""

    def __init__(
        self,
        reference: BooleanReference,
        statistics: BooleanStatistics,  # noqa: ARG002 the counts are all that is wanted
    ) -> None:
        self.bins: Sequence[Bin] = (
            Bin("=false", "value", reference.false),
            Bin("=true", "value", reference.true),
            Bin("missing", "missing", reference.missing),
        )

    @staticmethod
    def fit(
        column: NDArray[np.float32],
        statistics: BooleanStatistics,  # noqa: ARG004 the counts are all that is wanted
    ) -> BooleanReference:
        """Counts of the three."""
        false, true, missing = _counts(column).tolist()
        return BooleanReference(false=false, true=true, missing=missing)

    def count(self, column: NDArray[np.float32]) -> NDArray[np.intp]:
        """Array of shape (n_bins,)."""
        return _counts(column)


def _counts(column: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.bincount(np.where(np.isnan(column), _MISSING, column).astype(np.intp), minlength=_MISSING + 1)
