"""The encoder of dates: none is needed, since the transform gives elapsed time and cycles, which dense layers read.

Tests: tests/training/test_other_kinds.py (series, dates and booleans are fitted, proven and served)
"""

from collections.abc import Mapping, Sequence

from app.bundle.transforms.date import DateStatistics, DateTransform
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.encoders.base import Encoder


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[DateStatistics],  # noqa: ARG001 applied by the transform
    config: NetworkConfig,  # noqa: ARG001 no option for dates
    train: Examples,  # noqa: ARG001 needs no train rows
) -> keras.KerasTensor:
    """Return the float32 block of shape (n_rows, width) unchanged."""
    return inputs[DateTransform.kind]


ENCODER = Encoder("date", encode)
