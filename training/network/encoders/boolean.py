"""Booleans: 1 or -1 already, so that the fusion's dense layers can read them as they are."""

from collections.abc import Mapping, Sequence

from app.bundle.normalization import BooleanStatistics
from app.bundle.transforms.boolean import BooleanTransform
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Examples


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[BooleanStatistics],  # noqa: ARG001 a boolean has no scale
    config: NetworkConfig,  # noqa: ARG001 nothing to choose
    train: Examples,  # noqa: ARG001 nothing to look up
) -> keras.KerasTensor:
    """The float32 block of shape (n_rows, width), unchanged."""
    return inputs[BooleanTransform.kind]
