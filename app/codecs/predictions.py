"""The predictions of several rows, as one value that can be sliced and joined.

Tests: tests/app/codecs/test_columns.py (formats share a batch), tests/app/api/test_predict.py (several batches)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms import RowWarning


@dataclass(slots=True, eq=False)
class Predictions:
    """The predictions of n_rows rows, in order, with warnings by row number.

    `decoded` is a float64 array of shape (n_rows, n_labels), the probability of each label, or (n_rows, 1), the value;
    `labels` an array of shape (n_rows,), the index of each row's label; `review`, of the same shape, marks the rows in
    the model's review band, None where it has none.
    """

    decoded: NDArray[np.float64]
    labels: NDArray[np.intp]
    warnings: Mapping[int, Sequence[RowWarning]] = field(default_factory=dict)
    review: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.decoded)

    def __getitem__(self, rows: slice) -> "Predictions":
        review = None if self.review is None else self.review[rows]
        if not self.warnings:
            return Predictions(self.decoded[rows], self.labels[rows], review=review)
        first, last, _ = rows.indices(len(self))
        warnings = {row - first: listed for row, listed in self.warnings.items() if first <= row < last}
        return Predictions(self.decoded[rows], self.labels[rows], warnings, review)


def join(parts: Sequence[Predictions]) -> Predictions:
    """Return the predictions of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    warnings: dict[int, Sequence[RowWarning]] = {}
    first = 0
    for part in parts:
        warnings |= {first + row: listed for row, listed in part.warnings.items()}
        first += len(part)
    decoded = np.concatenate([part.decoded for part in parts])
    reviews = [part.review for part in parts if part.review is not None]
    review = np.concatenate(reviews) if reviews else None
    return Predictions(decoded, np.concatenate([part.labels for part in parts]), warnings, review)
