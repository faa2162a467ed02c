"""What a model says of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms import RowWarning


@dataclass(slots=True, eq=False)
class Answers:
    """Answers of n_rows rows, in order, with warnings by row number.

    `decoded` is a float64 array of shape (n_rows, n_labels), the probability of each label, or (n_rows, 1), the value;
    `labels` an array of shape (n_rows,), the index of each row's label.
    """

    decoded: NDArray[np.float64]
    labels: NDArray[np.intp]
    warnings: Mapping[int, Sequence[RowWarning]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.decoded)

    def __getitem__(self, rows: slice) -> "Answers":
        if not self.warnings:
            return Answers(self.decoded[rows], self.labels[rows])
        first, last, _ = rows.indices(len(self))
        warnings = {row - first: found for row, found in self.warnings.items() if first <= row < last}
        return Answers(self.decoded[rows], self.labels[rows], warnings)


def join(parts: Sequence[Answers]) -> Answers:
    """The answers of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    warnings: dict[int, Sequence[RowWarning]] = {}
    first = 0
    for part in parts:
        warnings |= {first + row: found for row, found in part.warnings.items()}
        first += len(part)
    decoded = np.concatenate([part.decoded for part in parts])
    return Answers(decoded, np.concatenate([part.labels for part in parts]), warnings)
