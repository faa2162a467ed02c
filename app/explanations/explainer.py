"""The contributions of features to a score, by the graph that training exported beside the model's own."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from app.bundle import store
from app.bundle.errors import BundleError
from app.bundle.store import Bundle
from app.bundle.transforms import Tensors
from app.codecs.explanations import Explanations
from app.errors import PredictionFailed
from app.session import CPU, Session

_OUTPUTS = ("contributions", "score", "baseline")


class Explainer:
    """Explains the predictions of one bundle, one run for each row, on the CPU.

    Its session starts with the first explanation.
    """

    def __init__(self, graph: bytes, bundle: Bundle) -> None:
        self._graph = graph
        self._manifest = bundle.manifest

    def explain(self, tensors: Tensors) -> Explanations:
        """Return the explanations of the tensors' rows, in order; raises PredictionFailed."""
        n_rows = len(next(iter(tensors.values())))
        try:
            outputs = [
                self._session.run({name: tensor[row : row + 1] for name, tensor in tensors.items()})
                for row in range(n_rows)
            ]
            explained = self._gather(outputs)
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

    def _gather(self, outputs: Sequence[Tensors]) -> Explanations:
        contributions, scores, baselines = (
            np.concatenate([row[name] for row in outputs]).astype(np.float64) for name in _OUTPUTS
        )
        labels = None
        if self._manifest.task == "binary":
            labels = np.ones(len(outputs), dtype=np.intp)
        elif self._manifest.task == "multiclass":
            labels = np.concatenate([row["label"] for row in outputs]).astype(np.intp)
        return Explanations(contributions, scores[:, 0], baselines[:, 0], labels)
