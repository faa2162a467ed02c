"""Fitting: the weights that do best on the validation split, found the same way each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from app.bundle.transforms import Tensors
from training.backend import keras
from training.config import Config, FitConfig
from training.console.epoch_lines import EpochLines
from training.data.normalize import Prepared
from training.fitting.batches import Batches, class_weights, in_order
from training.fitting.checkpoint import Resume
from training.fitting.plan import MANY_ROWS, Course, course
from training.fitting.tensorboard import EventLog
from training.network.ensemble import MemberLoss
from training.network.network import LOSSES

PREDICTION_BATCH = 4096
STEPS_PER_EXECUTION = 32
"""Steps between two returns to Python: the same losses, and an epoch of 589 steps took 1.1 s instead of 2.2."""

MOMENTUM = 0.9
PLATEAU_FACTOR = 0.3


@dataclass(frozen=True, slots=True)
class Fitted:
    """The network with its best weights.

    `history` holds a list a logged number, an entry an epoch from the first; `best_epoch` counts from 1;
    `resumed_at` epochs were done by an earlier call.
    """

    model: keras.Model
    history: dict[str, list[float]]
    best_epoch: int
    resumed_at: int


def fit(model: keras.Model, prepared: Prepared, config: Config, work_dir: Path, console: Console) -> Fitted:
    """Fit the network on the train split and stop by the validation split.

    An earlier call that died in the same `work_dir` is taken up after its last whole epoch.
    """
    plan = course(config.fit, prepared)
    deciding = stopping(plan)
    resume = Resume(work_dir / "resume.npz", deciding)
    lines = EpochLines(console, plan.epochs, deciding[0])
    callbacks = [*deciding, lines, EventLog(work_dir / "tensorboard"), resume]
    resumed_at = resume.epochs_done
    last = resumed_at if resume.stopped else plan.epochs
    descend(model, prepared, config, plan, callbacks, range(resumed_at, last))
    return Fitted(model, resume.history, deciding[0].best_epoch + 1, resumed_at)


def descend(
    model: keras.Model,
    prepared: Prepared,
    config: Config,
    plan: Course,
    callbacks: Sequence[keras.callbacks.Callback],
    epochs: range,
) -> None:
    """The epochs themselves, of which nothing is kept; the callbacks look on and may end them."""
    size = config.fit.batch_size or batch_size(len(prepared.train.targets))
    batches = Batches(prepared.train, size, config.seed)
    model.compile(
        optimizer(config.fit, plan, batches.steps),
        loss=MemberLoss(LOSSES[prepared.task]),
        steps_per_execution=STEPS_PER_EXECUTION,
    )
    model.optimizer.build(model.trainable_variables)  # its state is restored before its first step
    model.fit(
        batches.dataset,
        shuffle=False,  # the batches are shuffled already
        validation_data=in_order(prepared.validation, PREDICTION_BATCH),
        class_weight=class_weights(prepared.train.targets) if config.fit.class_weights else None,
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        verbose=0,
        callbacks=[batches, keras.callbacks.LambdaCallback(on_epoch_end=_log_learning_rate(model)), *callbacks],
    )


def stopping(plan: Course) -> list[keras.callbacks.Callback]:
    """Early stopping, which restores the best weights, first; then what lowers the rate."""
    return [keras.callbacks.EarlyStopping(patience=plan.patience, restore_best_weights=True), *_plateau(plan)]


def predict(model: keras.Model, tensors: Tensors) -> NDArray[np.float32]:
    """The network's own output, float32 of shape (n_rows, n_outputs)."""
    return np.asarray(model.predict(tensors, batch_size=PREDICTION_BATCH, verbose=0))


def batch_size(n_rows: int) -> int:
    """64 rows a step, for many rows 256, which are faster and as accurate there."""
    return 64 if n_rows < MANY_ROWS else 256


def optimizer(config: FitConfig, plan: Course, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Adam, or SGD with momentum; the cosine schedule falls to zero over all epochs.

    Weight decay is decoupled from the gradient (Loshchilov and Hutter, 2019): each step takes rate times decay.
    """
    rate: Any = plan.learning_rate
    if plan.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=plan.epochs * steps_per_epoch)
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM, weight_decay=config.weight_decay or None)
    return keras.optimizers.Adam(rate, weight_decay=config.weight_decay or None)


def _plateau(plan: Course) -> list[keras.callbacks.Callback]:
    """Lowers the rate well before the patience of early stopping ends."""
    if plan.schedule != "plateau":
        return []
    return [keras.callbacks.ReduceLROnPlateau(factor=PLATEAU_FACTOR, patience=max(1, plan.patience // 3))]


def _log_learning_rate(model: keras.Model) -> Any:
    def log(epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG001 Keras's signature
        logs["learning_rate"] = float(model.optimizer.learning_rate)

    return log
