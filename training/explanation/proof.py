"""The exported explanation and its proof: it explains as TensorFlow does, and what it explains is the network."""

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Explanation, ExplanationCertificate, Task
from app.bundle.normalization import TargetStatistics
from app.bundle.preprocessor import concatenate
from app.bundle.transforms import Tensors
from training.backend import keras, tf
from training.data.normalize import Prepared, tensors_of
from training.data.table import evenly
from training.errors import ParityError
from training.explanation.explainer import Explainer
from training.explanation.path import STEPS
from training.explanation.proven import ProvenExplanation
from training.export.export import export_one_row
from training.export.runtime import Graph
from training.export.versions import library_versions
from training.network.network import predict
from training.proof.edge_rows import edge_rows

MAX_ROWS = 100
"""Of the test split, and of the edge rows, which many kinds have very many of."""
TOLERANCE = 1e-3
"""Where a ReLU at its kink hardly moves over a piece of the path, rounding decides
 its slope, in TensorFlow as well; without that, explanations differ by 1e-6."""

Explained = dict[str, NDArray[np.float64]]
"""`contributions`, `score` and `baseline` of n_rows rows, and the `label` where the graph chooses one."""


def prove_explanation(network: keras.Model, prepared: Prepared) -> ProvenExplanation:
    """Export and prove on rows of the test split and the edge rows; raises ParityError where that fails."""
    edges = edge_rows(prepared.features, prepared.normalization)
    edges = [edges[index] for index in evenly(len(edges), MAX_ROWS)]
    rows = evenly(len(prepared.test.targets), MAX_ROWS)
    test = {name: one[rows] for name, one in prepared.test.tensors.items()}
    tensors = concatenate([test, tensors_of(edges, prepared.preprocessor)])
    explainer = Explainer(network, prepared)
    try:
        content = export_one_row(explainer, network.inputs)
        found = _by_graph(content, tensors)
    except Exception as error:  # what tf2onnx, onnx and onnxruntime raise shares no base but this
        raise ParityError(f"it cannot be exported: {error}") from error
    target = prepared.normalization.target
    scaled = _standardized(found, target)
    answers = predict(network, tensors).astype(np.float64)
    gaps = np.abs(found["score"][:, 0] - found["baseline"][:, 0] - found["contributions"].sum(axis=1))
    certificate = ExplanationCertificate(
        rows=len(rows),
        edge_rows=len(edges),
        largest_difference=largest_difference(_standardized(_by_tensorflow(explainer, tensors), target), scaled),
        answer_difference=answer_difference(prepared.task, scaled, answers),
        tolerance=TOLERANCE,
        median_gap=float(np.median(gaps)),
        largest_gap=float(gaps.max()),
        versions=library_versions(),
    )
    return ProvenExplanation(content, Explanation(steps=STEPS, parity=certificate))


def largest_difference(expected: Explained, found: Explained) -> float:
    """Of any number, in shares of the largest one of its row where that is above 1; raises ParityError above TOLERANCE.

    Both are in log-odds or standard deviations.
    """
    first, second = (np.concatenate([one[name] for name in sorted(one)], axis=1) for one in (expected, found))
    differences = np.abs(first - second).max(axis=1) / np.maximum(np.abs(first).max(axis=1), 1)
    return _tolerated("TensorFlow's", float(differences.max()))


def answer_difference(task: Task, found: Explained, answers: NDArray[np.float64]) -> float:
    """Of what scores stand for from the network's own probabilities or values; raises ParityError above TOLERANCE."""
    scores = found["score"]
    if task == "multiclass":
        answers = np.take_along_axis(answers, found["label"].astype(np.intp), axis=1)
    explained = scores if task == "regression" else 1 / (1 + np.exp(-scores))
    return _tolerated("the network's answer", float(np.abs(explained - answers).max()))


def _tolerated(what: str, difference: float) -> float:
    if not difference <= TOLERANCE:
        raise ParityError(f"it may differ from {what} by {TOLERANCE:g}, it differs by {difference:g}")
    return difference


def _standardized(found: Explained, target: TargetStatistics | None) -> Explained:
    """A regression's numbers in standard deviations of the target."""
    if target is None:
        return found
    scale = target.standard_deviation
    ends = {name: (found[name] - target.mean) / scale for name in ("score", "baseline")}
    return {"contributions": found["contributions"] / scale, **ends}


def _by_graph(content: bytes, tensors: Tensors) -> Explained:
    graph = Graph(content)
    return _stack([graph.run(row, 1) for row in _rows(tensors)])


def _by_tensorflow(explainer: Explainer, tensors: Tensors) -> Explained:
    explain = tf.function(explainer, autograph=False)
    rows = ({name: tf.constant(one) for name, one in row.items()} for row in _rows(tensors))
    return _stack([{name: np.asarray(one) for name, one in explain(row).items()} for row in rows])


def _rows(tensors: Tensors) -> list[Tensors]:
    n_rows = len(next(iter(tensors.values())))
    return [{name: one[row : row + 1] for name, one in tensors.items()} for row in range(n_rows)]


def _stack(rows: list[Tensors]) -> Explained:
    return {name: np.concatenate([row[name].reshape(1, -1) for row in rows]).astype(np.float64) for name in rows[0]}
