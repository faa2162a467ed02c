"""The graph's output back to probabilities or values: shared, so that both halves decide alike."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.calibration import Calibrate
from app.bundle.manifest import Band, Task
from app.bundle.normalization import TargetStatistics

OUTPUT_NAMES: dict[Task, str] = {"binary": "probability", "multiclass": "probabilities", "regression": "value"}
"""What the graph calls its one output: (n_rows, 1) of the second label, (n_rows, n_labels), (n_rows, 1) scaled."""


def decode(
    task: Task,
    outputs: Mapping[str, NDArray[Any]],
    target: TargetStatistics | None,
    calibrate: Calibrate | None = None,
) -> NDArray[np.float64]:
    """Float64 array of shape (n_rows, n_labels) that sums to 1 a row, or (n_rows, 1) in the target's own unit."""
    output: NDArray[np.float64] = outputs[OUTPUT_NAMES[task]].astype(np.float64)
    if task == "regression":
        if target is None:
            raise ValueError("a regression needs the target's statistics, received none")
        return output * target.standard_deviation + target.mean
    if task == "binary":
        output = np.concatenate([1.0 - output, output], axis=1)
    else:
        output /= output.sum(axis=1, keepdims=True)
    return output if calibrate is None else calibrate(output)


def decide(probabilities: NDArray[np.float64], threshold: float = 0.5) -> NDArray[np.intp]:
    """Index of each row's label: of two the second from the threshold on, of more the most probable."""
    if probabilities.shape[1] == 2:
        return np.asarray(probabilities[:, 1] >= threshold, dtype=np.intp)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)


def within(probabilities: NDArray[np.float64], band: Band) -> NDArray[np.bool_]:
    """Of shape (n_rows,): whether the second label's probability is in the band, its ends included."""
    low, high = band
    positive = probabilities[:, 1]
    return np.asarray((positive >= low) & (positive <= high))
