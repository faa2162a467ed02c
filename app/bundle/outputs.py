"""The graph's output back to probabilities or values: shared, so that both halves decide alike."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.calibration import Calibrate
from app.bundle.manifest import Band, Task
from app.bundle.normalization import TargetStatistics

OUTPUT_NAMES: dict[Task, str] = {"binary": "probability", "multiclass": "probabilities", "regression": "value"}
"""What the graph calls its one output: (n_rows, 1) of the second label, (n_rows, n_labels), (n_rows, 1) scaled."""

_FEW = 64
"""Numbers up to which Python's own arithmetic costs less than numpy's calls."""

_FIRST, _SECOND = np.zeros(1, np.intp), np.ones(1, np.intp)
_FIRST.flags.writeable = _SECOND.flags.writeable = False  # shared by all answers of one row


def decode(
    task: Task,
    outputs: Mapping[str, NDArray[Any]],
    target: TargetStatistics | None,
    calibrate: Calibrate | None = None,
) -> NDArray[np.float64]:
    """Float64 array of shape (n_rows, n_labels) that sums to 1 a row, or (n_rows, 1) in the target's own unit."""
    output: NDArray[np.float64] = outputs[OUTPUT_NAMES[task]]
    if task == "binary" and len(output) == 1:  # a fifth of the cost of what follows, and the same
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
    """Index of each row's label: of two the second from the threshold on, of more the most probable."""
    if probabilities.shape == (1, 2):
        return _SECOND if probabilities.item(1) >= threshold else _FIRST
    if probabilities.shape[1] == 2:
        return np.asarray(probabilities[:, 1] >= threshold, dtype=np.intp)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)


def finite(decoded: NDArray[np.float64]) -> bool:
    """Whether all numbers are."""
    if decoded.size <= _FEW:
        return all(map(math.isfinite, decoded.ravel().tolist()))
    return bool(np.isfinite(decoded).all())


def within(probabilities: NDArray[np.float64], band: Band) -> NDArray[np.bool_]:
    """Of shape (n_rows,): whether the second label's probability is in the band, its ends included."""
    low, high = band
    positive = probabilities[:, 1]
    return np.asarray((positive >= low) & (positive <= high))


def _calibrated(probabilities: NDArray[np.float64], calibrate: Calibrate | None) -> NDArray[np.float64]:
    return probabilities if calibrate is None else calibrate(probabilities)
