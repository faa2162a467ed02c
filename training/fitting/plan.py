"""The plan of a fit: its epochs and its learning rate, as configured or decided by the data."""

from dataclasses import dataclass
from typing import Literal

from training.config import FitConfig
from training.data.normalize import Prepared
from training.network.defaults import is_large_regression

PATIENCE = 12
LEARNING_RATE, COSINE_LEARNING_RATE = 1e-3, 3e-3
EPOCHS, COSINE_EPOCHS = 100, 40
"""The largest number of epochs of a fit that stops when validation stalls, and of a cosine schedule, which runs all."""

Schedule = Literal["plateau", "cosine", "constant"]


@dataclass(frozen=True, slots=True)
class FitPlan:
    """How long a fit lasts and how its learning rate falls.

    `learning_rate` is the initial one, `epochs` the largest number, and `patience` the epochs without a lower
    validation loss after which the fit stops.
    """

    learning_rate: float
    schedule: Schedule
    epochs: int
    patience: int


def plan_fit(config: FitConfig, prepared: Prepared) -> FitPlan:
    """Return the configured plan, with the task and the number of train rows deciding what is None.

    A large regression still gains after dozens of epochs, so it gets a cosine schedule over all of them. A classifier
    has memorized its labels by then, so its fit stops when validation stalls.
    """
    large = is_large_regression(prepared)
    learning_rate = config.learning_rate or (COSINE_LEARNING_RATE if large else LEARNING_RATE)
    schedule = config.schedule or ("cosine" if large else "plateau")
    epochs = config.epochs or (COSINE_EPOCHS if schedule == "cosine" else EPOCHS)
    patience = config.patience or (epochs if schedule == "cosine" else PATIENCE)
    return FitPlan(learning_rate, schedule, epochs, patience)
