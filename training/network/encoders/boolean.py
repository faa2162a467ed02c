"""The encoder of booleans: none is needed, since the transform gives 1 or -1, which dense layers can read.

Tests: tests/training/test_other_kinds.py (series, dates and booleans are fitted, proven and served)
"""

from collections.abc import Mapping, Sequence

from app.bundle.transforms.boolean import BooleanStatistics, BooleanTransform
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.encoders.base import Encoder


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[BooleanStatistics],  # noqa: ARG001 a boolean has no scale
    config: NetworkConfig,  # noqa: ARG001 no option for booleans
    train: Examples,  # noqa: ARG001 needs no train rows
) -> keras.KerasTensor:
    """Return the float32 block of shape (n_rows, width) unchanged."""
    return inputs[BooleanTransform.kind]


ENCODER = Encoder("boolean", encode)
