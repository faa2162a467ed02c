"""TensorBoard logs, written by TensorFlow alone, since Keras's own callback needs the tensorboard package."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from training.backend import keras, tf


class EventLog(keras.callbacks.Callback):
    """A callback that writes each epoch's logged quantities as scalars into an event file in `folder`.

    Raises OSError if the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        with _os_errors(folder):
            self._writer = tf.summary.create_file_writer(str(folder))
        self._folder = folder
        self._metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"), data_class="DATA_CLASS_SCALAR"
        )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Write each logged quantity as a scalar."""
        with _os_errors(self._folder), self._writer.as_default():
            for tag, number in logs.items():
                tf.summary.write(tag, tf.constant(number, tf.float32), step=epoch, metadata=self._metadata)
            self._writer.flush()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's signature
        """Close the event file."""
        with _os_errors(self._folder):
            self._writer.close()


@contextmanager
def _os_errors(folder: Path) -> Iterator[None]:
    """Raise TensorFlow's errors as OSError, which the command line reports without importing TensorFlow."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, "the TensorBoard log cannot be written", str(folder)) from error
