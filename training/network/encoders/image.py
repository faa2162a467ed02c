"""The encoder of images: convolutions with max pooling between, then global average and maximum pooling.

Tests: tests/e2e/test_media.py (images and sounds are fitted, proven and served)
"""

from collections.abc import Mapping, Sequence

from app.bundle.transforms.image import ImageStatistics
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.augmentation.image import augment
from training.network.encoders.base import Encoder

FILTERS = (24, 48, 96)
STEM_FROM = 40
"""Length of the shorter side, in pixels, from which a convolution with stride 2 comes first."""
MIN_SIDE = 4
"""Smallest length of the shorter side, in pixels, after a pooling."""


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[ImageStatistics],  # noqa: ARG001 applied by the transform
    config: NetworkConfig,  # noqa: ARG001 no option for images
    train: Examples,  # noqa: ARG001 needs no train rows
) -> keras.KerasTensor:
    """Return float32 of shape (n_rows, width of all images together).

    The inputs are blocks of shape (n_rows, height, width, channels).
    """
    encoded = [_encode(name, block) for name, block in inputs.items()]
    return keras.layers.Concatenate(name="image_encoded")(encoded) if len(encoded) > 1 else encoded[0]


def _encode(name: str, block: keras.KerasTensor) -> keras.KerasTensor:
    side = min(block.shape[1:3])
    if side >= STEM_FROM:
        block = convolve(block, FILTERS[0], f"{name}_stem", strides=2)
        side //= 2
    for index, filters in enumerate(FILTERS):
        block = convolve(block, filters, f"{name}_{index}")
        if side // 2 >= MIN_SIDE and index < len(FILTERS) - 1:
            block = keras.layers.MaxPooling2D(padding="same", name=f"{name}_{index}_pooled")(block)
            side //= 2
    mean = keras.layers.GlobalAveragePooling2D(name=f"{name}_mean")(block)
    largest = keras.layers.GlobalMaxPooling2D(name=f"{name}_largest")(block)
    return keras.layers.Concatenate(name=f"{name}_encoded")([mean, largest])


def convolve(block: keras.KerasTensor, filters: int, name: str, strides: int = 1) -> keras.KerasTensor:
    """Return a 3 by 3 convolution with batch normalization and ReLU, float32 of shape (n_rows, …, filters)."""
    convolution = keras.layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name=name)
    normalized = keras.layers.BatchNormalization(name=f"{name}_normalized")(convolution(block))
    return keras.layers.ReLU(name=f"{name}_relu")(normalized)


ENCODER = Encoder("image", encode, augment=augment)
