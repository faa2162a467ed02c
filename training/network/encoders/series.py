"""The encoder of series: a residual convolutional network, or an LSTM, pooled over the steps without padding.

The blocks are in pre-activation order (He et al., "Identity mappings in deep residual networks", 2016); the LSTM is
Hochreiter and Schmidhuber, "Long short-term memory", 1997.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.bundle.transforms.series import LENGTH, SeriesStatistics, SeriesTransform
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.encoders.base import Encoder

WIDTH = 64
KERNEL = 5
BLOCKS = 3
FULL_RESOLUTION = 32
"""Largest number of steps kept at full resolution; each halving of a longer series follows one more block."""

NOISE, SCALE, LOST_STEPS = 0.1, 0.1, 0.1
"""Augmentation: standard deviations of the noise and of a channel's scale factor, and the share of steps set to 0."""

STEP_DROPOUT, DROPOUT = 0.1, 0.3
_EPSILON = 1e-4
"""Added to a variance before its square root, which has no finite slope at 0."""


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[SeriesStatistics],  # noqa: ARG001 applied by the transform
    config: NetworkConfig,
    train: Examples,  # noqa: ARG001 needs no train rows
) -> keras.KerasTensor:
    """Return float32 of shape (n_rows, width), from series of shape (n_rows, n_steps, n_channels) and their lengths."""
    ops = keras.ops
    series, lengths = inputs[SeriesTransform.kind], inputs[LENGTH]
    steps = np.arange(series.shape[1], dtype=np.int32)[None, :, None]
    filled = ops.cast(ops.less(steps, lengths[:, None, :]), "float32")
    present = ops.max(filled, axis=2, keepdims=True)
    longest = ops.maximum(ops.sum(present, axis=1, keepdims=True), 1.0)
    series = SeriesAugmentation(name="series_augment")(series) * filled
    position = ops.divide(steps.astype(np.float32), longest) * present
    channels = ops.concatenate([series, present, position], axis=2)
    if config.series_encoder == "recurrent":
        features = recurrent(channels)
    else:
        features, present = convolutional(channels, present)
    pooled = [*moments(series, filled), longest[:, 0] / series.shape[1], *summary(features, present)]
    return keras.layers.Dropout(DROPOUT, name="series_dropout")(ops.concatenate(pooled, axis=1))


def convolutional(
    channels: keras.KerasTensor, present: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return features, float32 of shape (n_rows, fewer steps, WIDTH), and 1 or 0 by step where 0 is padding."""
    layers = keras.layers
    features = layers.Conv1D(WIDTH, KERNEL, padding="same", name="series_stem")(channels)
    block = 0
    while features.shape[1] > FULL_RESOLUTION:
        features = residual(features, present, block)
        features = layers.AveragePooling1D(2, padding="same", name=f"series_{block}_halved")(features * present)
        present = layers.MaxPooling1D(2, padding="same", name=f"series_{block}_present")(present)
        block += 1
    for index in range(block, block + BLOCKS):
        features = residual(features, present, index)
    return keras.ops.relu(layers.LayerNormalization(name="series_normalized")(features)), present


def residual(features: keras.KerasTensor, present: keras.KerasTensor, index: int) -> keras.KerasTensor:
    """Return the features plus one convolution of them, which does not read padding."""
    layers = keras.layers
    inner = layers.LayerNormalization(name=f"series_{index}_normalized")(features)
    inner = layers.SpatialDropout1D(STEP_DROPOUT, name=f"series_{index}_dropout")(keras.ops.relu(inner) * present)
    return features + layers.Conv1D(WIDTH, KERNEL, padding="same", name=f"series_{index}")(inner)


def recurrent(channels: keras.KerasTensor) -> keras.KerasTensor:
    """Return float32 of shape (n_rows, n_steps, 2 * WIDTH).

    It takes no mask, because a masked LSTM is exported as a slow loop.
    """
    layer = keras.layers.LSTM(WIDTH, return_sequences=True, use_cudnn=False)
    return keras.layers.Bidirectional(layer, name="series_recurrent")(channels)


def moments(series: keras.KerasTensor, filled: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return each channel's mean and standard deviation over its own steps, of shape (n_rows, n_channels)."""
    ops = keras.ops
    count = ops.maximum(ops.sum(filled, axis=1, keepdims=True), 1.0)
    mean = ops.sum(series, axis=1, keepdims=True) / count
    variance = ops.sum(ops.square(series - mean) * filled, axis=1, keepdims=True) / count
    return [mean[:, 0], ops.sqrt(variance + _EPSILON)[:, 0]]


def summary(features: keras.KerasTensor, present: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return each feature's mean and maximum over the steps without padding; 0 and -10 if all steps are padding."""
    ops = keras.ops
    count = ops.maximum(ops.sum(present, axis=1), 1.0)
    mean = ops.sum(features * present, axis=1) / count
    return [mean, ops.max(features * present - 10.0 * (1.0 - present), axis=1)]


class SeriesAugmentation(keras.layers.Layer):
    """A layer that adds noise, scales channels and drops steps while fitting, and changes nothing afterwards."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._seeds = keras.random.SeedGenerator()

    def call(self, series: Any, training: bool = False) -> Any:
        """Return float32 of the shape of the series, (n_rows, n_steps, n_channels)."""
        if not training:
            return series
        ops, random = keras.ops, keras.random
        n_rows, n_steps, n_channels = ops.shape(series)
        factors = 1.0 + SCALE * random.normal((n_rows, 1, n_channels), seed=self._seeds)
        noise = NOISE * random.normal((n_rows, n_steps, n_channels), seed=self._seeds)
        kept = random.uniform((n_rows, n_steps, 1), seed=self._seeds) > LOST_STEPS
        return (series * factors + noise) * ops.cast(kept, "float32")


ENCODER = Encoder("series", encode)
