"""Scores: the one number of each answer whose distribution is watched."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from app.bundle.errors import Frozen
from app.bundle.manifest import Task
from app.bundle.reference.base import Bin, Count
from app.bundle.reference.edges import between, check_edges, even_edges, ranges


class ScoreReference(Frozen):
    """Rows that the network was not fitted on between ascending edges of the score: n edges, n + 1 counts.

    The score is the second label's probability (binary), the value (regression), or the label's index (multiclass).
    """

    edges: tuple[float, ...]
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _counts_lie_between_edges(self) -> Self:
        check_edges(self.edges, self.counts)
        return self


def scores(task: Task, decoded: NDArray[np.float64]) -> NDArray[Any]:
    """Array of shape (n_rows,) of decoded answers."""
    return decoded.argmax(axis=1) if task == "multiclass" else decoded[:, -1]


class ScoreBins:
    """The bins of scores; those of a multiclass model are its labels. Immutable, safe to share between threads."""

    def __init__(self, reference: ScoreReference, task: Task, labels: Sequence[str] | None) -> None:
        names = [f"={label}" for label in labels or ()] if task == "multiclass" else ranges(reference.edges)
        self._task: Task = task
        self._edges = np.array(reference.edges)
        self.bins: Sequence[Bin] = tuple(
            Bin(name, "value", count) for name, count in zip(names, reference.counts, strict=True)
        )

    @staticmethod
    def fit(decoded: NDArray[np.float64], task: Task, labels: Sequence[str] | None) -> ScoreReference:
        """The reference of decoded answers; of a multiclass model each label has a bin, met or not."""
        found = scores(task, decoded)
        edges: NDArray[Any] = np.arange(1, len(labels or ())) if task == "multiclass" else even_edges(found)
        return ScoreReference(edges=tuple(edges.tolist()), counts=tuple(between(edges, found).tolist()))

    def count(self, decoded: NDArray[np.float64]) -> NDArray[np.intp]:
        """Array of shape (n_bins,): how many of the decoded answers have their score in each bin."""
        return between(self._edges, scores(self._task, decoded))
