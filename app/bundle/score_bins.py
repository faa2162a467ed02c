"""Bins of scores, the one number of each answer whose distribution drift compares."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from app.bundle.bins.base import Bin, Count
from app.bundle.bins.edges import check_edges, count_between, even_edges, range_labels
from app.bundle.errors import BundleModel
from app.bundle.manifest import Task


class ScoreReference(BundleModel):
    """Rows outside the train split between ascending edges of the score: n + 1 counts for n edges.

    The score is the second label's probability (binary), the value (regression), or the label's index (multiclass).
    """

    edges: tuple[float, ...]
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _counts_lie_between_edges(self) -> Self:
        check_edges(self.edges, self.counts)
        return self


def scores(task: Task, decoded: NDArray[np.float64]) -> NDArray[Any]:
    """Return the scores of decoded answers, of shape (n_rows,)."""
    return decoded.argmax(axis=1) if task == "multiclass" else decoded[:, -1]


class ScoreBins:
    """Bins of scores; a multiclass model has one per label. Immutable, safe to share between threads."""

    def __init__(self, reference: ScoreReference, task: Task, labels: Sequence[str] | None) -> None:
        names = [f"={label}" for label in labels or ()] if task == "multiclass" else range_labels(reference.edges)
        self._task: Task = task
        self._edges = np.array(reference.edges)
        self.bins: Sequence[Bin] = tuple(
            Bin(name, "value", count) for name, count in zip(names, reference.counts, strict=True)
        )

    @staticmethod
    def fit(decoded: NDArray[np.float64], task: Task, labels: Sequence[str] | None) -> ScoreReference:
        """Return the reference of decoded answers; every label of a multiclass model has a bin, seen or not."""
        values = scores(task, decoded)
        edges: NDArray[Any] = np.arange(1, len(labels or ())) if task == "multiclass" else even_edges(values)
        return ScoreReference(edges=tuple(edges.tolist()), counts=tuple(count_between(edges, values).tolist()))

    def count(self, decoded: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return how many of the decoded answers have their score in each bin, of shape (n_bins,)."""
        return count_between(self._edges, scores(self._task, decoded))
