"""Metrics of a group of rows that are means over its rows: rates of a decision, calibration, errors.

Tests: tests/training/evaluation/test_segments.py (rates follow from the segment's confusion matrix)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from training.evaluation.intervals import Estimate, mean_interval, wilson_interval

Floats = NDArray[np.float64]

TITLES = {
    "positive_rate": ("Positive rate", "share of the rows whose actual label is the positive one"),
    "selection_rate": ("Selection rate", "share of the rows for which the model answers the positive label"),
    "true_positive_rate": ("True positive rate", "share of the positive rows that the model finds"),
    "false_positive_rate": ("False positive rate", "share of the negative rows that the model takes for positive"),
    "calibration_gap": ("Calibration gap", "mean predicted probability minus the observed share; 0 is ideal"),
    "accuracy": ("Accuracy", "share of rows with the right label"),
    "mean_error": ("Mean error", "mean of predicted minus actual; above 0 the model predicts too much"),
    "mae": ("MAE", "mean absolute error, in the target's unit"),
}
"""Title and meaning of every group metric, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class GroupMetric:
    """A metric that is the mean of one value per row, over the rows that it applies to.

    `values` is bool or float64 of shape (n_rows,), `applies` bool of that shape: the true positive rate, for one,
    applies to the positive rows alone.
    """

    values: NDArray[Any]
    applies: NDArray[np.bool_]

    def estimate(self, rows: NDArray[np.int64]) -> Estimate | None:
        """Return the mean over those of the rows that it applies to, None where they are too few to have one."""
        values = self.values[rows[self.applies[rows]]]
        if values.dtype == np.bool_:
            return wilson_interval(int(values.sum()), len(values)) if values.size else None
        return mean_interval(values) if values.size > 1 else None


def group_metrics(task: Task, truth: NDArray[Any], answers: Floats, threshold: float) -> Mapping[str, GroupMetric]:
    """Return the task's group metrics by name.

    `truth` and `answers` are as `training.evaluation.evaluate.evaluate_predictions` takes them.
    """
    always = np.ones(len(truth), dtype=np.bool_)
    if task == "regression":
        errors = answers[:, 0] - truth
        return {"mean_error": GroupMetric(errors, always), "mae": GroupMetric(np.abs(errors), always)}
    decided = decide(answers, threshold)
    right = decided == truth
    accuracy = GroupMetric(right, always)
    if task == "multiclass":
        return {"calibration_gap": GroupMetric(answers.max(axis=1) - right, always), "accuracy": accuracy}
    actual, selected = truth == 1, decided == 1
    return {
        "positive_rate": GroupMetric(actual, always),
        "selection_rate": GroupMetric(selected, always),
        "true_positive_rate": GroupMetric(selected, actual),
        "false_positive_rate": GroupMetric(selected, ~actual),
        "calibration_gap": GroupMetric(answers[:, 1] - actual, always),
        "accuracy": accuracy,
    }
