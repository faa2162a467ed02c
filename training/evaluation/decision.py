"""The decision: calibration, threshold and review band, all chosen on the validation split."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.bundle.calibration import Calibration, Calibrator
from app.bundle.manifest import Band, Task
from training.config import Config, DecisionConfig
from training.errors import InputError
from training.evaluation.calibration import CalibrationChoice, choose_calibration

MIN_GAP = 1e-6
"""The gap between neighbouring probabilities that a threshold needs, so that rounding moves no row across it."""

Counts = NDArray[np.float64]
"""Numbers of rows, float64 of shape (n_thresholds,)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How a graph's output becomes an answer; by default uncalibrated, and the more probable label."""

    threshold: float = 0.5
    review: Band | None = None
    calibration_choice: CalibrationChoice = field(default_factory=lambda: CalibrationChoice(None, {}))

    @property
    def calibration(self) -> Calibration | None:
        """The calibration of the probabilities, None where they are left as they are."""
        return self.calibration_choice.chosen

    @property
    def calibrate(self) -> Calibrator | None:
        """The calibration as a function of probabilities."""
        return self.calibration.calibrator() if self.calibration else None


UNCALIBRATED = Decision()
"""No calibration, no review band, and the more probable label."""


def choose_decision(
    task: Task, probabilities: NDArray[np.float64], truth: NDArray[np.int64], config: Config
) -> Decision:
    """Choose the decision of a classification by its uncalibrated answers on the validation split.

    `probabilities` are finite and of shape (n_rows, n_labels), `truth` label indices of shape (n_rows,). Raises
    InputError where no threshold reaches the configured precision or recall.
    """
    choice = choose_calibration(task, probabilities, truth, config.seed)
    if task == "multiclass":
        return Decision(calibration_choice=choice)
    if choice.chosen:
        probabilities = choice.chosen.calibrator()(probabilities)
    positive = probabilities[:, 1]
    threshold = choose_threshold(positive, truth, config.decision)
    return Decision(threshold, _review_band(positive, threshold, config.decision), choice)


def choose_threshold(positive: NDArray[np.float64], truth: NDArray[np.int64], config: DecisionConfig) -> float:
    """Choose the probability of the second label from which on that label is answered.

    `positive` holds the validation rows' probabilities of it, of shape (n_rows,). Among equally good thresholds the
    one nearest to 0.5 wins. Raises InputError where none reaches the configured precision or recall.
    """
    if config.optimize == "none":
        return 0.5
    thresholds = _candidates(positive)
    thresholds = thresholds[np.argsort(np.abs(thresholds - 0.5), kind="stable")]
    objective = _OBJECTIVES[config.optimize](*_counts(positive, truth, thresholds), config)
    best = int(objective.argmax())
    if objective[best] == -np.inf:
        wanted = f"a {config.optimize} of {config.at_least:g}"
        raise InputError(f"decision.at_least: no threshold reaches {wanted} on the validation split")
    return float(thresholds[best])


def _candidates(positive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0.5, the middle of each gap between the probabilities, and a threshold below and above them all."""
    ends = np.unique(np.concatenate([[0.0], positive, [1.0]]))
    wide = np.flatnonzero(np.diff(ends) > MIN_GAP)
    return np.append(0.5, (ends[wide] + ends[wide + 1]) / 2)


def _counts(
    positive: NDArray[np.float64], truth: NDArray[np.int64], thresholds: NDArray[np.float64]
) -> tuple[Counts, Counts, Counts]:
    """Return the true positives, false positives and false negatives at each threshold."""
    positives, negatives = np.sort(positive[truth == 1]), np.sort(positive[truth == 0])
    false_negatives = np.searchsorted(positives, thresholds)
    false_positives = len(negatives) - np.searchsorted(negatives, thresholds)
    true_positives = len(positives) - false_negatives
    return true_positives.astype(float), false_positives.astype(float), false_negatives.astype(float)


def _f1(tp: Counts, fp: Counts, fn: Counts, _: DecisionConfig) -> Counts:
    return 2 * tp / np.maximum(2 * tp + fp + fn, 1)


def _negative_cost(_: Counts, fp: Counts, fn: Counts, config: DecisionConfig) -> Counts:
    return -(config.cost_false_positive * fp + config.cost_false_negative * fn)


def _recall_at_precision(tp: Counts, fp: Counts, fn: Counts, config: DecisionConfig) -> Counts:
    reached = (tp > 0) & (tp >= (config.at_least or 0) * (tp + fp))
    return np.where(reached, tp / np.maximum(tp + fn, 1), -np.inf)


def _precision_at_recall(tp: Counts, fp: Counts, fn: Counts, config: DecisionConfig) -> Counts:
    reached = (tp > 0) & (tp >= (config.at_least or 0) * (tp + fn))
    return np.where(reached, tp / np.maximum(tp + fp, 1), -np.inf)


_OBJECTIVES: dict[str, Callable[[Counts, Counts, Counts, DecisionConfig], Counts]] = {
    "f1": _f1,
    "cost": _negative_cost,
    "precision": _recall_at_precision,
    "recall": _precision_at_recall,
}
"""The maximized objective by true positives, false positives and false negatives; -inf rules a threshold out."""


def _review_band(positive: NDArray[np.float64], threshold: float, config: DecisionConfig) -> Band | None:
    """Return the configured band, or the narrowest around the threshold that holds the configured share of rows."""
    if config.review_share is None:
        return config.review
    half_width = float(np.quantile(np.abs(positive - threshold), config.review_share))
    return max(0.0, threshold - half_width), min(1.0, threshold + half_width)
