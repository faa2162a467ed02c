"""The proof that the exported graph answers as the network does; without it nothing is published."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import ParityCertificate, ReducedPrecision, Task
from app.bundle.normalization import TargetStatistics
from app.bundle.outputs import OUTPUT_NAMES, decide, decode
from app.bundle.preprocessor import concatenate
from training.backend import keras
from training.data.normalize import tensors_of
from training.errors import ParityError
from training.evaluation.decision import UNCALIBRATED, Decision
from training.evaluation.trained_model import TrainedModel
from training.export.fp16_reference import run_in_half_precision
from training.export.quantize import REDUCTIONS
from training.export.variants import ProvenVariant, timings
from training.export.versions import library_versions
from training.network.network import predict
from training.proof.edge_rows import edge_rows

LARGEST_BATCH = 4096
TIE = 1e-6
"""Distance of the two best probabilities under which rounding alone decides, in Keras as well: no label to flip.

Eight units in the last place of a float32 probability, a twentieth of the difference that is tolerated at all.
"""

Answers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityLimits:
    """What a graph must hold to: the largest difference, and the share of rows (rounded up) that may change labels.

    `half_precision` asks for the same of the graph's own arithmetic, which onnxruntime replaces on a CPU.
    """

    tolerance: float
    flip_share: float = 0.0
    half_precision: bool = False


VARIANT_LIMITS: dict[ReducedPrecision, ParityLimits] = {
    "fp16": ParityLimits(tolerance=0.01, flip_share=0.001, half_precision=True),
    "int8": ParityLimits(tolerance=0.05, flip_share=0.01),
}
"""Of seven networks on some 4,480 rows, fp16 differed by at most 0.0045 and flipped 1 label, int8 by 0.036 and 16."""


def prove(network: keras.Model, model: TrainedModel, limits: ParityLimits) -> ParityCertificate:
    """Compare the network with the graph over the test split and the edge rows, at batch sizes 1, 2, 7 and the largest.

    Differences are of decoded probabilities before calibration or, for regression, of the standardized value; labels
    are those that the decision gives. Raises ParityError where a difference is above the tolerance or not a number,
    where too many labels flip, or where onnxruntime refuses the graph.
    """
    prepared = model.prepared
    edges = edge_rows(prepared.features, prepared.normalization)
    tensors = concatenate([prepared.test.tensors, tensors_of(edges, prepared.preprocessor)])
    n_rows = len(prepared.test.targets) + len(edges)
    batch_sizes = tuple(sorted({1, 2, 7, min(n_rows, LARGEST_BATCH)}))
    expected = _decode(prepared.task, {OUTPUT_NAMES[prepared.task]: predict(network, tensors)})
    try:
        answers = [_decode(prepared.task, model.session.run(tensors, size)) for size in batch_sizes]
    except Exception as error:  # onnxruntime's exceptions share no base but this
        raise ParityError(f"onnxruntime refuses the exported graph: {error}") from error
    if limits.half_precision:
        answers.append(_decode(prepared.task, run_in_half_precision(model.graph, tensors, LARGEST_BATCH)))
    certificate = ParityCertificate(
        rows=n_rows - len(edges),
        edge_rows=len(edges),
        batch_sizes=batch_sizes,
        largest_difference=max(largest_difference(expected, one) for one in answers),
        label_flips=max(label_flips(prepared.task, expected, one, model.decision) for one in answers),
        tolerated_flips=math.ceil(limits.flip_share * n_rows),
        tolerance=limits.tolerance,
        versions=library_versions(),
    )
    _check(certificate)
    return certificate


def prove_variant(network: keras.Model, model: TrainedModel, precision: ReducedPrecision) -> ProvenVariant:
    """The float32 graph in a lower precision, proved; raises ParityError where it cannot be made or misses its limits.

    Raises OSError (a full disk) as well.
    """
    try:
        content = REDUCTIONS[precision](model.graph)
        parity = prove(network, replace(model, graph=content), VARIANT_LIMITS[precision])
    except OSError:
        raise
    except Exception as error:  # what onnx and onnxruntime raise shares no base but this
        raise ParityError(f"the network has no {precision} variant: {error}") from error
    return ProvenVariant(content, parity, timings(content, model.graph, model.prepared.test.tensors))


def largest_difference(expected: Answers, found: Answers) -> float:
    """Largest absolute difference of two arrays of one shape; raises ParityError where an answer is not finite."""
    for who, answers in (("the network", expected), ("the exported graph", found)):
        broken = int((~np.isfinite(answers)).any(axis=1).sum())
        if broken:
            raise ParityError(f"every answer must be finite, {who} gives {broken} of {len(answers)} that are not")
    return float(np.abs(expected - found).max())


def label_flips(task: Task, expected: Answers, found: Answers, decision: Decision = UNCALIBRATED) -> int:
    """Rows that the graph gives another label than the network, exact ties (see TIE) aside; none for regression."""
    if task == "regression":
        return 0
    if decision.calibrate:
        expected, found = decision.calibrate(expected), decision.calibrate(found)
    if task == "binary":
        margin = 2 * np.abs(expected[:, 1] - decision.threshold)
    else:
        best = np.sort(expected, axis=1)
        margin = best[:, -1] - best[:, -2]
    differ = decide(expected, decision.threshold) != decide(found, decision.threshold)
    return int(((margin > TIE) & differ).sum())


def _check(certificate: ParityCertificate) -> None:
    if certificate.label_flips > certificate.tolerated_flips:
        raise ParityError(
            f"the exported graph gives {certificate.label_flips} of {certificate.rows + certificate.edge_rows} rows"
            f" another label than the network does, {certificate.tolerated_flips or 'none'} may change"
        )
    if certificate.largest_difference > certificate.tolerance:
        raise ParityError(
            f"the exported graph may differ from the network by {certificate.tolerance:g},"
            f" it differs by {certificate.largest_difference:g}"
        )


def _decode(task: Task, outputs: Mapping[str, NDArray[Any]]) -> Answers:
    """As `decode`, but a regression stays standardized: the tolerance then means the same for every target."""
    return decode(task, outputs, TargetStatistics(mean=0, standard_deviation=1))
