"""Checkpoints of a fit, so that a run that died is resumed: its whole state after each epoch, in one file.

Keras's BackupAndRestore is not used. It forgets the history, the best weights and the remaining patience, so that a
resumed run would end elsewhere than an uninterrupted one, and h5py crashes the process when the disk is full.

Tests: tests/training/fitting/test_fit.py (a run that died ends where an uninterrupted one does)
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.backend import keras

CALLBACK_STATE = ("best", "best_epoch", "wait", "cooldown_counter")
"""Attributes of EarlyStopping and ReduceLROnPlateau on which their next decisions depend."""


class Checkpoint(keras.callbacks.Callback):
    """A callback that keeps the state of the network, its optimizer and `callbacks` in `file` until the fit ends.

    It must be the last callback, because the others reset themselves when training begins. `history` holds one list
    per logged quantity, one entry per epoch; `epochs_done` is the number of epochs that an earlier call completed, and
    `stopped` says that no more are due.
    """

    def __init__(self, file: Path, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        super().__init__()
        self._file = file
        self._callbacks = callbacks
        self._saved = _read(file) if file.exists() else None
        state: dict[str, Any] = self._saved[0] if self._saved else {"history": {}, "stopped": False}
        self.history: dict[str, list[float]] = state["history"]
        self.stopped: bool = state["stopped"]
        self.epochs_done = len(self.history.get("loss", ()))

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's signature
        """Restore the state that an earlier call saved."""
        if self._saved is None:
            return
        state, arrays = self._saved
        for variable, value in zip(self._variables(), arrays["variables"], strict=True):
            variable.assign(value)
        for index, (callback, numbers) in enumerate(zip(self._callbacks, state["numbers"], strict=True)):
            vars(callback).update(numbers)
            if arrays[f"best_{index}"]:
                callback.best_weights = arrays[f"best_{index}"]

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:  # noqa: ARG002 Keras's signature
        """Write the state; raise OSError if the file cannot be written."""
        for name, number in logs.items():
            self.history.setdefault(name, []).append(float(number))
        numbers = [
            {name: vars(callback)[name] for name in CALLBACK_STATE if name in vars(callback)}
            for callback in self._callbacks
        ]
        state = {"history": self.history, "stopped": bool(self.model.stop_training), "numbers": numbers}
        arrays = {"variables": [variable.numpy() for variable in self._variables()]}
        for index, callback in enumerate(self._callbacks):
            arrays[f"best_{index}"] = getattr(callback, "best_weights", None) or []
        _write(self._file, state, arrays)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's signature
        """Delete the state, so that the same command begins a new run."""
        self._file.unlink(missing_ok=True)

    def _variables(self) -> list[keras.Variable]:
        """Return weights, the states of random layers and the optimizer's, in an order that the network decides."""
        return [*self.model.variables, *self.model.optimizer.variables]


def _write(file: Path, state: Mapping[str, Any], arrays: Mapping[str, list[Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    named = {f"{name}/{index}": array for name, group in arrays.items() for index, array in enumerate(group)}
    counts = {name: len(group) for name, group in arrays.items()}
    draft = file.with_suffix(".draft")
    with draft.open("wb") as stream:
        np.savez(stream, allow_pickle=False, json=np.array(json.dumps({"state": state, "counts": counts})), **named)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _read(file: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    with np.load(file, allow_pickle=False) as content:
        header = json.loads(str(content["json"]))
        arrays = {
            name: [content[f"{name}/{index}"] for index in range(count)] for name, count in header["counts"].items()
        }
    return header["state"], arrays
