"""The explanations of several predictions, as one value that can be sliced and joined.

Tests: tests/app/explanations/test_explainer.py (gaps, slices and joined parts)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Explanations:
    """The explanations of n_rows predictions, in order.

    `contributions` is float64 of shape (n_rows, n_features); `scores` and `baselines`, of shape (n_rows,), are the
    score of each row and of the average row: the log-odds of the label whose index is in `labels`, before calibration,
    or the value in the target's own unit, where `labels` is None.
    """

    contributions: NDArray[np.float64]
    scores: NDArray[np.float64]
    baselines: NDArray[np.float64]
    labels: NDArray[np.intp] | None

    @property
    def gaps(self) -> NDArray[np.float64]:
        """Return float64 of shape (n_rows,): the part of score minus baseline that no feature accounts for."""
        gaps: NDArray[np.float64] = self.scores - self.baselines - self.contributions.sum(axis=1)
        return gaps

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: slice) -> "Explanations":
        labels = None if self.labels is None else self.labels[rows]
        return Explanations(self.contributions[rows], self.scores[rows], self.baselines[rows], labels)


def join(parts: Sequence[Explanations]) -> Explanations:
    """Return the explanations of all parts, in order."""
    labels = [part.labels for part in parts if part.labels is not None]
    return Explanations(
        np.concatenate([part.contributions for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.baselines for part in parts]),
        np.concatenate(labels) if labels else None,
    )
