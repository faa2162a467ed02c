"""The course of a fit: how long it lasts and how the learning rate falls, as configured or by the data."""

from dataclasses import dataclass
from typing import Literal

from training.config import FitConfig
from training.data.normalize import Prepared

MANY_ROWS = 10_000
PATIENCE = 12
LEARNING_RATE, LONG_LEARNING_RATE = 1e-3, 3e-3
EPOCHS, LONG_EPOCHS = 100, 40
"""At most, until validation stalls, and to the end, with a rate that falls slowly."""

Schedule = Literal["plateau", "cosine", "constant"]


@dataclass(frozen=True, slots=True)
class Course:
    """`learning_rate` at the start, `epochs` at most, fewer where the validation loss did not fall for `patience`."""

    learning_rate: float
    schedule: Schedule
    epochs: int
    patience: int


def course(config: FitConfig, prepared: Prepared) -> Course:
    """The configuration's; what is None there is decided by the task and the number of train rows.

    Values of many rows are still fitted better after dozens of epochs, by a cosine that falls to zero with them; labels
    are learnt by heart by then.
    """
    rate = config.learning_rate or (LONG_LEARNING_RATE if is_long(prepared) else LEARNING_RATE)
    schedule = config.schedule or ("cosine" if is_long(prepared) else "plateau")
    epochs = config.epochs or (LONG_EPOCHS if schedule == "cosine" else EPOCHS)
    patience = config.patience or (epochs if schedule == "cosine" else PATIENCE)
    return Course(rate, schedule, epochs, patience)


def is_long(prepared: Prepared) -> bool:
    """Whether values are predicted, and there are many rows to learn them from."""
    return prepared.task == "regression" and len(prepared.train.targets) >= MANY_ROWS
