"""Settings of the network that the configuration leaves open, decided by the task and the number of train rows."""

import numpy as np

from training.config import NetworkConfig
from training.data.normalize import Prepared

MANY_ROWS = 10_000


def is_large_regression(prepared: Prepared) -> bool:
    """Return whether values are predicted from MANY_ROWS train rows or more.

    Such data still gains from a wider network and from dozens of epochs, after which a classifier has memorized its
    labels.
    """
    return prepared.task == "regression" and len(prepared.train.targets) >= MANY_ROWS


def hidden_units(prepared: Prepared, config: NetworkConfig) -> tuple[int, ...]:
    """Return the configured widths of the hidden layers, or the default: twice as wide for a large regression."""
    return config.hidden_units or ((256, 128) if is_large_regression(prepared) else (128, 64))


def dropout_rate(prepared: Prepared, config: NetworkConfig) -> float:
    """Return the configured dropout rate, or the default.

    For labels the default falls from 0.5 at 1,000 train rows to 0 at 100,000, linearly in the logarithm of the rows.
    For values it is 0, however few the rows: dropout biases the predicted mean of a regression.
    """
    if config.dropout is not None:
        return config.dropout
    if prepared.task == "regression":
        return 0.0
    return float(np.interp(np.log10(len(prepared.train.targets)), (3, 5), (0.5, 0.0)))
