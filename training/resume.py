"""Resuming a crashed run, with what Keras's BackupAndRestore forgets: history, best weights and patience left."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.backend import keras

DECIDING = ("best", "best_epoch", "wait", "cooldown_counter")
"""Attributes of EarlyStopping and ReduceLROnPlateau that decide what they do next."""


class Resume(keras.callbacks.BackupAndRestore):
    """Backs up weights, optimizer and epoch as its base does, and with them the state of the `remembered` callbacks.

    Must be the last callback, since the others reset themselves when training begins. `history` holds one list a
    logged number, one entry an epoch, those before the crash included; `resumed_at` epochs were found done.
    """

    def __init__(self, folder: Path, remembered: Sequence[keras.callbacks.Callback]) -> None:
        super().__init__(str(folder), double_checkpoint=True)
        self._folder = folder
        self._remembered = remembered
        self.history: dict[str, list[float]] = {}
        self.resumed_at = 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Restore, where there is a backup, the state after its last whole epoch."""
        super().on_train_begin(logs)
        self.resumed_at = self.model._initial_epoch
        if self.resumed_at:
            self._recall(self._file(self.resumed_at))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Back up; the remembered state first, so that no backup of the base class is without it."""
        for name, number in logs.items():
            self.history.setdefault(name, []).append(float(number))
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / "draft"
        with draft.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **self._state())
        draft.replace(self._file(epoch + 1))
        super().on_epoch_end(epoch, logs)
        # The state before this one stays: the base class falls back to it where its newest file is cut short.
        self._file(epoch - 1).unlink(missing_ok=True)

    def _file(self, epochs: int) -> Path:
        return self._folder / f"{epochs}.npz"

    def _state(self) -> dict[str, Any]:
        numbers = [{name: vars(one)[name] for name in DECIDING if name in vars(one)} for one in self._remembered]
        weights = {
            f"{index}/{position}": weight
            for index, one in enumerate(self._remembered)
            for position, weight in enumerate(getattr(one, "best_weights", None) or ())
        }
        return {"json": np.array(json.dumps({"history": self.history, "numbers": numbers})), **weights}

    def _recall(self, file: Path) -> None:
        with np.load(file, allow_pickle=False) as state:
            kept = json.loads(str(state["json"]))
            self.history = kept["history"]
            for index, (one, numbers) in enumerate(zip(self._remembered, kept["numbers"], strict=True)):
                vars(one).update(numbers)
                count = sum(name.startswith(f"{index}/") for name in state)
                if count:
                    one.best_weights = [state[f"{index}/{position}"] for position in range(count)]
