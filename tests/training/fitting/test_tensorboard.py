"""The TensorBoard log of a fit."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow


def events(folder: Path) -> dict[str, list[float]]:
    from training.backend import tf

    logged: dict[str, list[float]] = {}
    for file in sorted(folder.iterdir()):
        for record in tf.data.TFRecordDataset(str(file)):
            for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value:
                logged.setdefault(value.tag, []).append(float(tf.make_ndarray(value.tensor)))
    return logged


def test_the_log_holds_every_logged_quantity_of_every_epoch(tmp_path: Path) -> None:
    from training.fitting.tensorboard import EventLog

    written = {"loss": [0.5, 0.25], "val_loss": [1.5, 1.25]}
    log = EventLog(tmp_path)
    for epoch in range(2):
        log.on_epoch_end(epoch, {name: numbers[epoch] for name, numbers in written.items()})
    log.on_train_end()
    assert events(tmp_path) == written
