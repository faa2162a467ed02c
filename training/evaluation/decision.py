"""The decision: calibration, threshold and review band, all chosen on the validation split."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.bundle.calibration import Calibrate, Calibration
from app.bundle.manifest import Band, Task
from training.config import Config, DecisionConfig
from training.errors import InputError
from training.evaluation.calibration import Calibrated, calibrate

MIN_GAP = 1e-6
"""Between two neighbouring probabilities for a threshold to lie there: rounding must not send rows across it."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decision:
    """How a graph's output becomes an answer; by default as it is, the more probable label."""

    threshold: float = 0.5
    review: Band | None = None
    calibrated: Calibrated = field(default_factory=lambda: Calibrated(None, {}))

    @property
    def calibration(self) -> Calibration | None:
        """What corrects the probabilities."""
        return self.calibrated.chosen

    @property
    def calibrate(self) -> Calibrate | None:
        """The correction as a function."""
        return self.calibration.calibrate() if self.calibration else None


UNCALIBRATED = Decision()
"""No calibration, no review, and the more probable label."""


def choose_decision(
    task: Task, probabilities: NDArray[np.float64], truth: NDArray[np.int64], config: Config
) -> Decision:
    """Return the decision for a classification by its uncalibrated answers on the validation split.

    `probabilities` are finite and of shape (n_rows, n_labels), `truth` label indices of shape (n_rows,). Raises
    InputError where no threshold meets the configuration.
    """
    calibrated = calibrate(task, probabilities, truth, config.seed)
    if task == "multiclass":
        return Decision(calibrated=calibrated)
    if calibrated.chosen:
        probabilities = calibrated.chosen.calibrate()(probabilities)
    positive = probabilities[:, 1]
    threshold = choose_threshold(positive, truth, config.decision)
    return Decision(threshold, _review(positive, threshold, config.decision), calibrated)


def choose_threshold(positive: NDArray[np.float64], truth: NDArray[np.int64], wanted: DecisionConfig) -> float:
    """The least probability of the second label, of shape (n_rows,), from which on it is answered.

    Of thresholds that do alike, the one nearest to 0.5. Raises InputError where none reaches the precision wanted.
    """
    if wanted.optimize == "none":
        return 0.5
    thresholds = _candidates(positive)
    thresholds = thresholds[np.argsort(np.abs(thresholds - 0.5), kind="stable")]
    worth = _WORTH[wanted.optimize](*_counts(positive, truth, thresholds), wanted)
    best = int(worth.argmax())
    if worth[best] == -np.inf:
        reached = f"a {wanted.optimize} of {wanted.at_least:g}"
        raise InputError(f"decision.at_least: no threshold reaches {reached} on the validation split")
    return float(thresholds[best])


def _candidates(positive: NDArray[np.float64]) -> NDArray[np.float64]:
    """0.5, the middle of each gap between the probabilities, and one below and above them all."""
    ends = np.unique(np.concatenate([[0.0], positive, [1.0]]))
    wide = np.flatnonzero(np.diff(ends) > MIN_GAP)
    return np.append(0.5, (ends[wide] + ends[wide + 1]) / 2)


def _counts(
    positive: NDArray[np.float64], truth: NDArray[np.int64], thresholds: NDArray[np.float64]
) -> tuple[Counts, Counts, Counts]:
    """True positives, false positives and false negatives at each threshold."""
    actual, others = np.sort(positive[truth == 1]), np.sort(positive[truth == 0])
    missed = np.searchsorted(actual, thresholds)
    alarms = len(others) - np.searchsorted(others, thresholds)
    return (len(actual) - missed).astype(float), alarms.astype(float), missed.astype(float)


def _f1(found: Counts, alarms: Counts, missed: Counts, _: DecisionConfig) -> Counts:
    return 2 * found / np.maximum(2 * found + alarms + missed, 1)


def _saving(_: Counts, alarms: Counts, missed: Counts, wanted: DecisionConfig) -> Counts:
    return -(wanted.cost_false_positive * alarms + wanted.cost_false_negative * missed)


def _recall_at_precision(found: Counts, alarms: Counts, missed: Counts, wanted: DecisionConfig) -> Counts:
    reached = (found > 0) & (found >= (wanted.at_least or 0) * (found + alarms))
    return np.where(reached, found / np.maximum(found + missed, 1), -np.inf)


def _precision_at_recall(found: Counts, alarms: Counts, missed: Counts, wanted: DecisionConfig) -> Counts:
    reached = (found > 0) & (found >= (wanted.at_least or 0) * (found + missed))
    return np.where(reached, found / np.maximum(found + alarms, 1), -np.inf)


_WORTH: dict[str, Callable[[Counts, Counts, Counts, DecisionConfig], Counts]] = {
    "f1": _f1,
    "cost": _saving,
    "precision": _recall_at_precision,
    "recall": _precision_at_recall,
}


def _review(positive: NDArray[np.float64], threshold: float, wanted: DecisionConfig) -> Band | None:
    """The band as configured, or the narrowest around the threshold that holds the share of the rows."""
    if wanted.review_share is None:
        return wanted.review
    half = float(np.quantile(np.abs(positive - threshold), wanted.review_share))
    return max(0.0, threshold - half), min(1.0, threshold + half)
