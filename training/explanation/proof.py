"""The exported explanation and its proof: it agrees with TensorFlow's, and explains what the network answers."""

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Explanation, ExplanationCertificate, Task
from app.bundle.normalization import TargetStatistics
from app.bundle.preprocessor import concatenate
from app.bundle.transforms import Tensors
from training.backend import keras, tf
from training.data.normalize import Prepared, tensors_from_rows
from training.data.table import evenly_spaced
from training.errors import ParityError
from training.explanation.explainer import IntegratedGradients
from training.explanation.path import STEPS
from training.explanation.proven import ProvenExplanation
from training.export.export import export_one_row
from training.export.runtime import Graph
from training.export.versions import library_versions
from training.network.network import predict
from training.proof.edge_rows import edge_rows

MAX_ROWS = 100
"""Rows of the test split, and edge rows, to compare: tables of many kinds have very many edge rows."""
TOLERANCE = 1e-3
"""Largest difference allowed between the graph's explanations and TensorFlow's.

They usually agree within 1e-6. The exception is a ReLU whose input stays near zero along a piece of the path: there
rounding decides its slope, in TensorFlow as well.
"""

Explained = dict[str, NDArray[np.float64]]
"""`contributions`, `score` and `baseline` of n_rows rows, and the `label` where the graph chooses one."""


def prove_explanation(network: keras.Model, prepared: Prepared) -> ProvenExplanation:
    """Export the explanation and prove it on rows of the test split and edge rows.

    Raises ParityError where it cannot be exported or differs by more than TOLERANCE.
    """
    edges = edge_rows(prepared.features, prepared.normalization)
    edges = [edges[index] for index in evenly_spaced(len(edges), MAX_ROWS)]
    rows = evenly_spaced(len(prepared.test.targets), MAX_ROWS)
    test = {name: tensor[rows] for name, tensor in prepared.test.tensors.items()}
    tensors = concatenate([test, tensors_from_rows(edges, prepared.preprocessor)])
    explainer = IntegratedGradients(network, prepared)
    try:
        content = export_one_row(explainer, network.inputs)
        exported = _by_graph(content, tensors)
    except Exception as error:  # what tf2onnx, onnx and onnxruntime raise shares no narrower base class
        raise ParityError(f"it cannot be exported: {error}") from error
    target = prepared.normalization.target
    standardized = _standardized(exported, target)
    expected = _standardized(_by_tensorflow(explainer, tensors), target)
    answers = predict(network, tensors).astype(np.float64)
    gaps = np.abs(exported["score"][:, 0] - exported["baseline"][:, 0] - exported["contributions"].sum(axis=1))
    certificate = ExplanationCertificate(
        rows=len(rows),
        edge_rows=len(edges),
        largest_difference=largest_difference(expected, standardized),
        answer_difference=answer_difference(prepared.task, standardized, answers),
        tolerance=TOLERANCE,
        median_gap=float(np.median(gaps)),
        largest_gap=float(gaps.max()),
        versions=library_versions(),
    )
    return ProvenExplanation(content, Explanation(steps=STEPS, parity=certificate))


def largest_difference(expected: Explained, actual: Explained) -> float:
    """Return the largest difference of any number, relative to its row's largest number where that is above 1.

    Both are in log-odds or standard deviations. Raises ParityError above TOLERANCE.
    """
    first, second = (
        np.concatenate([explained[name] for name in sorted(explained)], axis=1) for explained in (expected, actual)
    )
    differences = np.abs(first - second).max(axis=1) / np.maximum(np.abs(first).max(axis=1), 1)
    return _tolerated("TensorFlow's", float(differences.max()))


def answer_difference(task: Task, explained: Explained, answers: NDArray[np.float64]) -> float:
    """Return the largest difference between the explained scores and the network's own answers.

    Both are compared as probabilities or standardized values. Raises ParityError above TOLERANCE.
    """
    scores = explained["score"]
    if task == "multiclass":
        answers = np.take_along_axis(answers, explained["label"].astype(np.intp), axis=1)
    decoded = scores if task == "regression" else 1 / (1 + np.exp(-scores))
    return _tolerated("the network's answer", float(np.abs(decoded - answers).max()))


def _tolerated(what: str, difference: float) -> float:
    if not difference <= TOLERANCE:
        raise ParityError(f"it may differ from {what} by {TOLERANCE:g}, it differs by {difference:g}")
    return difference


def _standardized(explained: Explained, target: TargetStatistics | None) -> Explained:
    """Return a regression's numbers in standard deviations of the target, others unchanged."""
    if target is None:
        return explained
    scale = target.standard_deviation
    scores = {name: (explained[name] - target.mean) / scale for name in ("score", "baseline")}
    return {"contributions": explained["contributions"] / scale, **scores}


def _by_graph(content: bytes, tensors: Tensors) -> Explained:
    graph = Graph(content)
    return _stack([graph.run(row, 1) for row in _rows(tensors)])


def _by_tensorflow(explainer: IntegratedGradients, tensors: Tensors) -> Explained:
    explain = tf.function(explainer, autograph=False)
    rows = ({name: tf.constant(tensor) for name, tensor in row.items()} for row in _rows(tensors))
    return _stack([{name: np.asarray(result) for name, result in explain(row).items()} for row in rows])


def _rows(tensors: Tensors) -> list[Tensors]:
    n_rows = len(next(iter(tensors.values())))
    return [{name: tensor[row : row + 1] for name, tensor in tensors.items()} for row in range(n_rows)]


def _stack(rows: list[Tensors]) -> Explained:
    return {name: np.concatenate([row[name].reshape(1, -1) for row in rows]).astype(np.float64) for name in rows[0]}
