"""Numbers: standardized already, so that the fusion's dense layers can read them as they are."""

from collections.abc import Mapping, Sequence

from app.bundle.normalization import NumberStatistics
from app.bundle.transforms.number import NumberTransform
from training.backend import keras
from training.config import NetworkConfig


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[NumberStatistics],  # noqa: ARG001 the transform has used them
    config: NetworkConfig,  # noqa: ARG001 nothing to choose
) -> keras.KerasTensor:
    """The float32 block of shape (n_rows, width), unchanged."""
    return inputs[NumberTransform.kind]
