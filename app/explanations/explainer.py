"""What each feature adds to an answer's score, by the graph that training exported beside the model's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.bundle import store
from app.bundle.errors import BundleError
from app.bundle.store import Bundle
from app.bundle.transforms import Tensors
from app.errors import PredictionFailed
from app.session import CPU, Session

_OUTPUTS = ("contributions", "score", "baseline")


@dataclass(frozen=True, slots=True, eq=False)
class Explanations:
    """Explanations of n_rows answers, in order.

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
        """Of shape (n_rows,): what of the score's distance from the baseline no feature accounts for."""
        gaps: NDArray[np.float64] = self.scores - self.baselines - self.contributions.sum(axis=1)
        return gaps

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: slice) -> "Explanations":
        labels = None if self.labels is None else self.labels[rows]
        return Explanations(self.contributions[rows], self.scores[rows], self.baselines[rows], labels)


class Explainer:
    """Explains the answers of one bundle, a run a row, on the CPU. Its session starts with the first explanation."""

    def __init__(self, graph: bytes, bundle: Bundle) -> None:
        self._graph = graph
        self._manifest = bundle.manifest

    def explain(self, tensors: Tensors) -> Explanations:
        """Of all rows; raises PredictionFailed."""
        n_rows = len(next(iter(tensors.values())))
        try:
            found = [
                self._session.run({name: one[row : row + 1] for name, one in tensors.items()}) for row in range(n_rows)
            ]
            explained = self._gather(found)
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise PredictionFailed(f"the graph failed to explain: {type(error).__name__}") from error
        if not (np.isfinite(explained.contributions).all() and np.isfinite(explained.gaps).all()):
            raise PredictionFailed("the graph explained with a value that is not finite")
        return explained

    @cached_property
    def _session(self) -> Session:
        session = Session(self._graph, threads=1, providers=[CPU], file=store.EXPLANATION)
        if session.inputs.keys() != {spec.name for spec in self._manifest.inputs}:
            raise BundleError(
                f"{store.EXPLANATION} must read what the model reads, it reads {', '.join(session.inputs)}"
            )
        return session

    def _gather(self, found: Sequence[Tensors]) -> Explanations:
        contributions, scores, baselines = (
            np.concatenate([one[name] for one in found]).astype(np.float64) for name in _OUTPUTS
        )
        labels = None
        if self._manifest.task == "binary":
            labels = np.ones(len(found), dtype=np.intp)
        elif self._manifest.task == "multiclass":
            labels = np.concatenate([one["label"] for one in found]).astype(np.intp)
        return Explanations(contributions, scores[:, 0], baselines[:, 0], labels)


def join(parts: Sequence[Explanations]) -> Explanations:
    """The explanations of all parts, in order."""
    labels = [one.labels for one in parts if one.labels is not None]
    return Explanations(
        np.concatenate([one.contributions for one in parts]),
        np.concatenate([one.scores for one in parts]),
        np.concatenate([one.baselines for one in parts]),
        np.concatenate(labels) if labels else None,
    )
