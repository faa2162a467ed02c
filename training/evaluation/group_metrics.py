"""What is measured of a group of rows as a mean over them: rates of a decision, calibration, errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from training.evaluation.intervals import Estimate, mean, wilson

Floats = NDArray[np.float64]

TITLES = {
    "positive_rate": ("Positive rate", "share of the rows that are of the positive label"),
    "selection_rate": ("Selection rate", "share of the rows that are answered with the positive label"),
    "true_positive_rate": ("True positive rate", "share of the positive rows that are found"),
    "false_positive_rate": ("False positive rate", "share of the other rows that are taken for positive"),
    "calibration_gap": ("Calibration gap", "mean probability minus the share that turned out so; 0 is honest"),
    "accuracy": ("Accuracy", "share of the rows with the right label"),
    "mean_error": ("Mean error", "predicted minus actual, on average; above 0 the model says too much"),
    "mae": ("MAE", "mean absolute error, in the target's unit"),
}
"""Every measure's title and meaning, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A value a row, bool or float64 of shape (n_rows,), and the rows that it is about."""

    values: NDArray[Any]
    about: NDArray[np.bool_]

    def of(self, rows: NDArray[np.int64]) -> Estimate | None:
        """The mean over those of the rows that it is about; None where they are too few to have one."""
        values = self.values[rows[self.about[rows]]]
        if values.dtype == np.bool_:
            return wilson(int(values.sum()), len(values)) if values.size else None
        return mean(values) if values.size > 1 else None


def measures(task: Task, truth: NDArray[Any], answers: Floats, threshold: float) -> Mapping[str, Measure]:
    """The task's measures by name; `truth` and `answers` are as `training.evaluation.evaluate.evaluate` takes them."""
    every = np.ones(len(truth), dtype=np.bool_)
    if task == "regression":
        errors = answers[:, 0] - truth
        return {"mean_error": Measure(errors, every), "mae": Measure(np.abs(errors), every)}
    decided = decide(answers, threshold)
    right = decided == truth
    if task == "multiclass":
        return {"calibration_gap": Measure(answers.max(axis=1) - right, every), "accuracy": Measure(right, every)}
    actual, selected = truth == 1, decided == 1
    return {
        "positive_rate": Measure(actual, every),
        "selection_rate": Measure(selected, every),
        "true_positive_rate": Measure(selected, actual),
        "false_positive_rate": Measure(selected, ~actual),
        "calibration_gap": Measure(answers[:, 1] - actual, every),
        "accuracy": Measure(right, every),
    }
