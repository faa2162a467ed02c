"""The encoder of sounds: convolutions over time and bands, then global average and maximum pooling.

Tests: tests/e2e/test_media.py (images and sounds are fitted, proven and served)
"""

from collections.abc import Mapping, Sequence

from app.bundle.transforms.audio import AudioStatistics
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.augmentation.audio import augment
from training.network.encoders.base import Encoder
from training.network.encoders.image import convolve

FILTERS = (16, 32, 64, 64)


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[AudioStatistics],  # noqa: ARG001 applied by the transform
    config: NetworkConfig,  # noqa: ARG001 no option for sounds
    train: Examples,  # noqa: ARG001 needs no train rows
) -> keras.KerasTensor:
    """Return float32 of shape (n_rows, width of all sounds together), from blocks of shape (n_rows, frames, bands)."""
    encoded = [_encode(name, block) for name, block in inputs.items()]
    return keras.layers.Concatenate(name="audio_encoded")(encoded) if len(encoded) > 1 else encoded[0]


def _encode(name: str, block: keras.KerasTensor) -> keras.KerasTensor:
    frames, bands = block.shape[1:]
    block = keras.layers.Reshape((frames, bands, 1), name=f"{name}_plane")(block)
    for index, filters in enumerate(FILTERS):
        block = convolve(block, filters, f"{name}_{index}", strides=2 if index == 0 else 1)
        if index < len(FILTERS) - 2:
            block = keras.layers.MaxPooling2D(padding="same", name=f"{name}_{index}_pooled")(block)
    mean = keras.layers.GlobalAveragePooling2D(name=f"{name}_mean")(block)
    largest = keras.layers.GlobalMaxPooling2D(name=f"{name}_largest")(block)
    return keras.layers.Concatenate(name=f"{name}_encoded")([mean, largest])


ENCODER = Encoder("audio", encode, augment=augment)
