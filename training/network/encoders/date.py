"""Dates: elapsed time and cycles already, so that the fusion's dense layers can read them as they are."""

from collections.abc import Mapping, Sequence

from app.bundle.normalization import DateStatistics
from app.bundle.transforms.date import DateTransform
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Examples


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[DateStatistics],  # noqa: ARG001 the transform has used them
    config: NetworkConfig,  # noqa: ARG001 nothing to choose
    train: Examples,  # noqa: ARG001 nothing to look up
) -> keras.KerasTensor:
    """The float32 block of shape (n_rows, width), unchanged."""
    return inputs[DateTransform.kind]
