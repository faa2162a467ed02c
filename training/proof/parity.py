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
from training.data.normalize import tensors_from_rows
from training.errors import ParityError
from training.evaluation.decision import UNCALIBRATED, Decision
from training.evaluation.trained_model import Answers, TrainedModel
from training.export.fp16_reference import run_in_half_precision
from training.export.quantize import REDUCTIONS
from training.export.variants import ProvenVariant, measure_timings
from training.export.versions import library_versions
from training.network.network import predict
from training.proof.edge_rows import edge_rows

LARGEST_BATCH = 4096
TIE = 1e-6
"""A smaller distance between the two best probabilities is a tie, which rounding decides in Keras as well.

Eight units in the last place of a float32 probability, and a tenth of the default tolerance.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityLimits:
    """The largest difference from the network, and the share of rows (rounded up) whose label may change.

    `half_precision` also checks the graph in true half-precision arithmetic, which onnxruntime replaces on a CPU.
    """

    tolerance: float
    flip_share: float = 0.0
    half_precision: bool = False


VARIANT_LIMITS: dict[ReducedPrecision, ParityLimits] = {
    "fp16": ParityLimits(tolerance=0.01, flip_share=0.001, half_precision=True),
    "int8": ParityLimits(tolerance=0.05, flip_share=0.01),
}
"""On seven networks and some 4,480 rows, fp16 differed by at most 0.0045 and flipped 1 label, int8 by 0.036 and 16."""


def prove_parity(network: keras.Model, model: TrainedModel, limits: ParityLimits) -> ParityCertificate:
    """Compare the network with the graph over the test split and the edge rows, at batch sizes 1, 2, 7 and the largest.

    Differences are between decoded probabilities before calibration or, for regression, between standardized values;
    labels are those of the model's decision. Raises ParityError where a difference exceeds the tolerance or is not a
    number, where too many labels flip, or where onnxruntime refuses the graph.
    """
    prepared, task = model.prepared, model.table.task
    edges = edge_rows(prepared.features, prepared.normalization)
    tensors = concatenate([prepared.test.tensors, tensors_from_rows(edges, prepared.preprocessor)])
    n_rows = len(prepared.test.targets) + len(edges)
    batch_sizes = tuple(sorted({1, 2, 7, min(n_rows, LARGEST_BATCH)}))
    expected = _decode(task, {OUTPUT_NAMES[task]: predict(network, tensors)})
    try:
        actual = [_decode(task, model.session.run(tensors, size)) for size in batch_sizes]
    except Exception as error:  # onnxruntime's exceptions share no narrower base class
        raise ParityError(f"onnxruntime refuses the exported graph: {error}") from error
    if limits.half_precision:
        actual.append(_decode(task, run_in_half_precision(model.graph, tensors, LARGEST_BATCH)))
    certificate = ParityCertificate(
        rows=n_rows - len(edges),
        edge_rows=len(edges),
        batch_sizes=batch_sizes,
        largest_difference=max(largest_difference(expected, answers) for answers in actual),
        label_flips=max(label_flips(task, expected, answers, model.decision) for answers in actual),
        tolerated_flips=math.ceil(limits.flip_share * n_rows),
        tolerance=limits.tolerance,
        versions=library_versions(),
    )
    _check(certificate)
    return certificate


def prove_variant(network: keras.Model, model: TrainedModel, precision: ReducedPrecision) -> ProvenVariant:
    """Convert the model's graph to a lower precision and prove it.

    Raises ParityError where the graph cannot be converted or misses its limits, OSError where the disk is full.
    """
    try:
        content = REDUCTIONS[precision](model.graph)
        parity = prove_parity(network, replace(model, graph=content), VARIANT_LIMITS[precision])
    except OSError:
        raise
    except Exception as error:  # what onnx and onnxruntime raise shares no narrower base class
        raise ParityError(f"the network has no {precision} variant: {error}") from error
    return ProvenVariant(content, parity, measure_timings(content, model.graph, model.prepared.test.tensors))


def largest_difference(expected: Answers, actual: Answers) -> float:
    """Return the largest absolute difference of two arrays of one shape.

    Raises ParityError where an answer is not finite.
    """
    for source, answers in (("the network", expected), ("the exported graph", actual)):
        broken = int((~np.isfinite(answers)).any(axis=1).sum())
        if broken:
            raise ParityError(f"every answer must be finite, {source} gives {broken} of {len(answers)} that are not")
    return float(np.abs(expected - actual).max())


def label_flips(task: Task, expected: Answers, actual: Answers, decision: Decision = UNCALIBRATED) -> int:
    """Count the rows for which graph and network decide differently, ties (see TIE) aside; 0 for a regression."""
    if task == "regression":
        return 0
    if decision.calibrate:
        expected, actual = decision.calibrate(expected), decision.calibrate(actual)
    if task == "binary":
        margin = 2 * np.abs(expected[:, 1] - decision.threshold)
    else:
        ascending = np.sort(expected, axis=1)
        margin = ascending[:, -1] - ascending[:, -2]
    differ = decide(expected, decision.threshold) != decide(actual, decision.threshold)
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
    """Decode outputs, leaving a regression standardized so that the tolerance means the same for every target."""
    return decode(task, outputs, TargetStatistics(mean=0, standard_deviation=1))
