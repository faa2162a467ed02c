"""Logs for TensorBoard, written by TensorFlow alone: Keras's own callback needs the tensorboard package."""

from collections.abc import Mapping
from pathlib import Path

from training.backend import keras, tf


class EventLog(keras.callbacks.Callback):
    """Writes every number of an epoch's logs as a scalar into an event file of `folder`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(folder))
        self._metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"), data_class="DATA_CLASS_SCALAR"
        )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Write one scalar a number."""
        with self._writer.as_default():
            for tag, number in logs.items():
                tf.summary.write(tag, tf.constant(number, tf.float32), step=epoch, metadata=self._metadata)
        self._writer.flush()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002 Keras's signature
        """Close the event file."""
        self._writer.close()
