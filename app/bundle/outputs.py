"""The graph's output as probabilities, values and labels, decoded alike in training and in serving."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.calibration import Calibrator
from app.bundle.manifest import Band, Task
from app.bundle.normalization import TargetStatistics

OUTPUT_NAMES: dict[Task, str] = {"binary": "probability", "multiclass": "probabilities", "regression": "value"}
"""The name of the graph's only output, by task.

Its shape is (n_rows, 1) for the second label's probability, (n_rows, n_labels), and (n_rows, 1) for the standardized
value.
"""

_SMALL = 64
"""Number of values up to which plain Python is faster than numpy's calls."""

_FIRST, _SECOND = np.zeros(1, np.intp), np.ones(1, np.intp)
_FIRST.flags.writeable = _SECOND.flags.writeable = False  # each is shared by all answers of one row


def decode(
    task: Task,
    outputs: Mapping[str, NDArray[Any]],
    target: TargetStatistics | None,
    calibrate: Calibrator | None = None,
) -> NDArray[np.float64]:
    """Return the graph's outputs, by name, as the answers to the rows.

    They are float64 probabilities of shape (n_rows, n_labels) whose rows sum to 1, calibrated if there is a calibrator;
    for a regression they are values of shape (n_rows, 1) in the target's unit. Raises ValueError for a regression
    without the target's statistics.
    """
    output: NDArray[np.float64] = outputs[OUTPUT_NAMES[task]]
    if task == "binary" and len(output) == 1:  # the same result as below at a fifth of its cost
        second = output.item()
        return _calibrated(np.array([[1.0 - second, second]]), calibrate)
    output = output.astype(np.float64)
    if task == "regression":
        if target is None:
            raise ValueError("a regression needs the target's statistics, received none")
        return output * target.standard_deviation + target.mean
    if task == "binary":
        output = np.concatenate([1.0 - output, output], axis=1)
    else:
        output /= output.sum(axis=1, keepdims=True)
    return _calibrated(output, calibrate)


def decide(probabilities: NDArray[np.float64], threshold: float = 0.5) -> NDArray[np.intp]:
    """Return the index of each row's label, of shape (n_rows,).

    Of two labels it is the second if its probability is at least `threshold`; of more it is the most probable.
    """
    if probabilities.shape == (1, 2):
        return _SECOND if probabilities.item(1) >= threshold else _FIRST
    if probabilities.shape[1] == 2:
        return np.asarray(probabilities[:, 1] >= threshold, dtype=np.intp)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)


def is_finite(decoded: NDArray[np.float64]) -> bool:
    """Return whether all values are finite."""
    if decoded.size <= _SMALL:
        return all(map(math.isfinite, decoded.ravel().tolist()))
    return bool(np.isfinite(decoded).all())


def in_review_band(probabilities: NDArray[np.float64], band: Band) -> NDArray[np.bool_]:
    """Return whether each row's second probability is in the band, ends included: booleans of shape (n_rows,)."""
    low, high = band
    positive = probabilities[:, 1]
    return np.asarray((positive >= low) & (positive <= high))


def _calibrated(probabilities: NDArray[np.float64], calibrate: Calibrator | None) -> NDArray[np.float64]:
    return probabilities if calibrate is None else calibrate(probabilities)
