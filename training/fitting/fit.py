"""The fit of a network: the weights with the smallest validation loss, reproducible even after a crash."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from training.backend import keras
from training.config import Config, FitConfig
from training.console.epoch_lines import EpochLines
from training.data.normalize import Prepared
from training.fitting.batches import Batches, class_weights, ordered_batches
from training.fitting.checkpoint import Checkpoint
from training.fitting.plan import FitPlan, plan_fit
from training.fitting.tensorboard import EventLog
from training.network.defaults import MANY_ROWS
from training.network.ensemble import MemberLoss
from training.network.network import LOSSES, PREDICTION_BATCH

STEPS_PER_EXECUTION = 32
"""Steps between two returns to Python: losses stay the same, and an epoch of 589 steps took 1.1 s instead of 2.2."""

MOMENTUM = 0.9
PLATEAU_FACTOR = 0.3
"""Factor on the learning rate each time that the validation loss stalls."""


@dataclass(frozen=True, slots=True)
class FittedNetwork:
    """A network with its best weights.

    `history` holds one list per logged quantity, one entry per epoch from the first; `best_epoch` counts from 1;
    `resumed_at` is the number of epochs that an earlier call had completed.
    """

    model: keras.Model
    history: dict[str, list[float]]
    best_epoch: int
    resumed_at: int


def fit(model: keras.Model, prepared: Prepared, config: Config, work_dir: Path, console: Console) -> FittedNetwork:
    """Fit the network on the train split and stop it early by the validation split.

    A call that died in the same `work_dir` is resumed after its last whole epoch. Raises OSError if its files cannot
    be written.
    """
    plan = plan_fit(config.fit, prepared)
    stopping = stopping_callbacks(plan)
    checkpoint = Checkpoint(work_dir / "resume.npz", stopping)
    lines = EpochLines(console, plan.epochs, stopping[0])
    callbacks = [*stopping, lines, EventLog(work_dir / "tensorboard"), checkpoint]
    resumed_at = checkpoint.epochs_done
    last = resumed_at if checkpoint.stopped else plan.epochs
    run_epochs(model, prepared, config, plan, callbacks, range(resumed_at, last))
    return FittedNetwork(model, checkpoint.history, stopping[0].best_epoch + 1, resumed_at)


def run_epochs(
    model: keras.Model,
    prepared: Prepared,
    config: Config,
    plan: FitPlan,
    callbacks: Sequence[keras.callbacks.Callback],
    epochs: range,
) -> None:
    """Compile the network and run the epochs; the callbacks record them and may stop them early."""
    size = config.fit.batch_size or default_batch_size(len(prepared.train.targets))
    batches = Batches(prepared.train, size, config.seed)
    model.compile(
        build_optimizer(config.fit, plan, batches.steps),
        loss=MemberLoss(LOSSES[prepared.task]),
        steps_per_execution=STEPS_PER_EXECUTION,
    )
    model.optimizer.build(model.trainable_variables)  # a checkpoint restores its state before the first step
    model.fit(
        batches.dataset,
        shuffle=False,  # the batches are already shuffled
        validation_data=ordered_batches(prepared.validation, PREDICTION_BATCH),
        class_weight=class_weights(prepared.train.targets) if config.fit.class_weights else None,
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        verbose=0,
        callbacks=[batches, keras.callbacks.LambdaCallback(on_epoch_end=_log_learning_rate(model)), *callbacks],
    )


def stopping_callbacks(plan: FitPlan) -> list[keras.callbacks.Callback]:
    """Return early stopping, which restores the best weights; for a plateau schedule, also ReduceLROnPlateau."""
    early_stopping = keras.callbacks.EarlyStopping(patience=plan.patience, restore_best_weights=True)
    if plan.schedule != "plateau":
        return [early_stopping]
    # The rate must fall well before the patience of early stopping ends.
    patience = max(1, plan.patience // 3)
    return [early_stopping, keras.callbacks.ReduceLROnPlateau(factor=PLATEAU_FACTOR, patience=patience)]


def default_batch_size(n_rows: int) -> int:
    """Return 64 rows per step, or 256 for many rows, which is faster and as accurate there."""
    return 64 if n_rows < MANY_ROWS else 256


def build_optimizer(config: FitConfig, plan: FitPlan, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Return Adam, or SGD with momentum; the cosine schedule falls to zero over all epochs.

    Adam is Kingma and Ba, "Adam: a method for stochastic optimization", 2015; the cosine schedule is that of Loshchilov
    and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without restarts. Weight decay is
    decoupled from the gradient (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019): each step
    subtracts the learning rate times the decay times the weight.
    """
    rate: Any = plan.learning_rate
    if plan.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=plan.epochs * steps_per_epoch)
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM, weight_decay=config.weight_decay or None)
    return keras.optimizers.Adam(rate, weight_decay=config.weight_decay or None)


def _log_learning_rate(model: keras.Model) -> Any:
    def log(epoch: int, logs: dict[str, float]) -> None:  # noqa: ARG001 Keras's signature
        logs["learning_rate"] = float(model.optimizer.learning_rate)

    return log
