"""What a person sees while the network is fitted: one compact line an epoch."""

from collections.abc import Mapping
from time import perf_counter

from rich.console import Console

from training.backend import keras


class EpochLines(keras.callbacks.Callback):
    """Prints the losses, the learning rate and the seconds of each epoch, and marks the best so far.

    Must stand after the early stopping, which knows the best epoch.
    """

    def __init__(self, console: Console, epochs: int, early_stopping: keras.callbacks.EarlyStopping) -> None:
        super().__init__()
        self._console = console
        self._epochs = epochs
        self._early_stopping = early_stopping
        self._started: float | None = None  # of the epoch, by perf_counter

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's
        """Start the clock, and say where a run that died is taken up."""
        if self._started is None and epoch:
            self._console.print(f"  resumed after epoch {epoch}", highlight=False)
        self._started = perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Print the line."""
        seconds = perf_counter() - (self._started or 0)
        best = "  best" if self._early_stopping.best_epoch == epoch else ""
        width = len(str(self._epochs))
        self._console.print(
            f"  epoch {epoch + 1:>{width}}/{self._epochs}  loss {logs['loss']:.4f}"
            f"  validation {logs['val_loss']:.4f}  rate {logs['learning_rate']:.2g}  {seconds:.1f} s{best}",
            highlight=False,
            soft_wrap=True,
        )
