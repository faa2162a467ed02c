"""The lines that are printed while a network is fitted: one per epoch.

Tests: tests/training/fitting/test_fit.py (an epoch is one line; a resumed run says so)
"""

from collections.abc import Mapping
from time import perf_counter

from rich.console import Console

from training.backend import keras


class EpochLines(keras.callbacks.Callback):
    """A callback that prints each epoch's losses, learning rate and seconds, and marks the best epoch so far.

    It must come after the early stopping, which decides the best epoch.
    """

    def __init__(self, console: Console, epochs: int, early_stopping: keras.callbacks.EarlyStopping) -> None:
        super().__init__()
        self._console = console
        self._epochs = epochs
        self._early_stopping = early_stopping
        self._started: float | None = None  # when the epoch began, by perf_counter

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's
        """Start the clock; print a line if a run that died is resumed here."""
        if self._started is None and epoch:
            self._console.print(f"  resumed after epoch {epoch}", highlight=False)
        self._started = perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Print the epoch's line."""
        seconds = perf_counter() - (self._started or 0)
        best = "  best" if self._early_stopping.best_epoch == epoch else ""
        width = len(str(self._epochs))
        self._console.print(
            f"  epoch {epoch + 1:>{width}}/{self._epochs}  loss {logs['loss']:.4f}"
            f"  validation {logs['val_loss']:.4f}  rate {logs['learning_rate']:.2g}  {seconds:.1f} s{best}",
            highlight=False,
            soft_wrap=True,
        )
