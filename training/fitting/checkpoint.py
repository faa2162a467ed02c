"""Resuming a run that died: its whole state after each epoch, in one file that is whole or absent.

Keras's BackupAndRestore is not used: it forgets the history, the best weights and the patience left, so that a resumed
run ends elsewhere than an uninterrupted one, and h5py crashes the process where the disk is full.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.backend import keras

DECIDING = ("best", "best_epoch", "wait", "cooldown_counter")
"""Attributes of EarlyStopping and ReduceLROnPlateau that decide what they do next."""


class Resume(keras.callbacks.Callback):
    """Keeps the state of the network, its optimizer and the `remembered` callbacks in `file`, until fitting ends.

    Must be the last callback, since the others reset themselves when training begins. `history` holds one list a
    logged number, one entry an epoch; `epochs_done` counts those found done, and `stopped` says that no more follow.
    """

    def __init__(self, file: Path, remembered: Sequence[keras.callbacks.Callback]) -> None:
        super().__init__()
        self._file = file
        self._remembered = remembered
        self._found = _read(file) if file.exists() else None
        state: dict[str, Any] = self._found[0] if self._found else {"history": {}, "stopped": False}
        self.history: dict[str, list[float]] = state["history"]
        self.stopped: bool = state["stopped"]
        self.epochs_done = len(self.history.get("loss", ()))

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's signature
        """Restore what was found."""
        if self._found is None:
            return
        state, arrays = self._found
        for variable, kept in zip(self._variables(), arrays["variables"], strict=True):
            variable.assign(kept)
        for index, (one, numbers) in enumerate(zip(self._remembered, state["numbers"], strict=True)):
            vars(one).update(numbers)
            if arrays[f"best_{index}"]:
                one.best_weights = arrays[f"best_{index}"]

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:  # noqa: ARG002 Keras's signature
        """Write the state; raises OSError."""
        for name, number in logs.items():
            self.history.setdefault(name, []).append(float(number))
        numbers = [{name: vars(one)[name] for name in DECIDING if name in vars(one)} for one in self._remembered]
        state = {"history": self.history, "stopped": bool(self.model.stop_training), "numbers": numbers}
        arrays = {"variables": [variable.numpy() for variable in self._variables()]}
        for index, one in enumerate(self._remembered):
            arrays[f"best_{index}"] = getattr(one, "best_weights", None) or []
        _write(self._file, state, arrays)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's signature
        """Forget the state: the next run of the same command is a new one."""
        self._file.unlink(missing_ok=True)

    def _variables(self) -> list[keras.Variable]:
        """Weights, the states of random layers, and the optimizer's, in an order that the network decides."""
        return [*self.model.variables, *self.model.optimizer.variables]


def _write(file: Path, state: Mapping[str, Any], arrays: Mapping[str, list[Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    named = {f"{name}/{index}": one for name, many in arrays.items() for index, one in enumerate(many)}
    counts = {name: len(many) for name, many in arrays.items()}
    draft = file.with_suffix(".draft")
    with draft.open("wb") as stream:
        np.savez(stream, allow_pickle=False, json=np.array(json.dumps({"state": state, "counts": counts})), **named)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _read(file: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    with np.load(file, allow_pickle=False) as content:
        kept = json.loads(str(content["json"]))
        arrays = {
            name: [content[f"{name}/{index}"] for index in range(count)] for name, count in kept["counts"].items()
        }
    return kept["state"], arrays
