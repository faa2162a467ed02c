"""Images: pixels of a fixed size, standardized by channel."""

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.bundle.bins.base import Distribution
from app.bundle.bins.measured import MeasuredDistribution, Quantity
from app.bundle.media import base64_files
from app.bundle.transforms.base import Feature, Statistics
from app.bundle.transforms.blocks import BlockTransform

MAX_SIDE = 512
"""Pixels of an image's longer side as the network reads it."""
LEAST_DEVIATION = 1.0
"""Least deviation of pixels of 0 to 255, so that images of one colour are not blown up."""


class ImageFeature(Feature):
    """A PNG or JPEG, resized to `height` and `width`; one channel is grey, three are red, green and blue."""

    kind: Literal["image"] = "image"
    missing_values: tuple[str, ...] = ()
    height: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    width: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    channels: Literal[1, 3]
    example: str | None = None


class ImageStatistics(Statistics):
    """Statistics of one feature's pixels, 0 to 255, one number per channel."""

    kind: Literal["image"] = "image"
    mean: tuple[float, ...]
    standard_deviation: tuple[Annotated[float, Field(gt=0)], ...]


class ImageTransform(BlockTransform):
    """Raw: uint8. One tensor per feature: float32 of shape (n_rows, height, width, channels)."""

    kind: ClassVar[str] = "image"
    feature_type: ClassVar[type[Feature]] = ImageFeature
    statistics_type: ClassVar[type[Statistics]] = ImageStatistics
    distribution: ClassVar[Distribution] = MeasuredDistribution("image", Quantity("brightness"))
    dtype: ClassVar[type[np.generic]] = np.uint8

    @staticmethod
    def shape(feature: ImageFeature) -> tuple[int, ...]:
        """Return height, width and channels."""
        return feature.height, feature.width, feature.channels

    @classmethod
    def fit(cls, feature: ImageFeature, column: Sequence[bytes | None]) -> ImageStatistics:
        """Return mean and deviation of each channel; raise ValueError where no row has an image."""
        read = _reader(feature)
        sums = np.zeros((2, feature.channels))
        filled = [cell for cell in column if cell is not None]
        if not filled:
            raise ValueError(f"feature {feature.name!r} needs at least one image in the train split, received none")
        for cell in filled:
            values = read(cell).reshape(-1, feature.channels).astype(np.float64)
            sums += values.sum(axis=0), np.square(values).sum(axis=0)
        mean, square = sums / (len(filled) * feature.height * feature.width)
        deviation = np.sqrt(np.maximum(square - mean * mean, LEAST_DEVIATION**2))
        return ImageStatistics(mean=tuple(mean.tolist()), standard_deviation=tuple(deviation.tolist()))

    @staticmethod
    def describe(statistics: ImageStatistics) -> str:
        """Return what a cell must be."""
        colours = "grey" if len(statistics.mean) == 1 else "in colour"
        return f"A PNG or JPEG image, base64-encoded or a data URL; it is read {colours}."

    def reader(self, index: int) -> Callable[[str | bytes], NDArray[np.uint8]]:
        """Return a function that decodes an image."""
        return _reader(self._features[index])


def _reader(feature: ImageFeature) -> Callable[[str | bytes], NDArray[np.uint8]]:
    def read(cell: str | bytes) -> NDArray[np.uint8]:
        from app.bundle.media.images import decode_image  # noqa: PLC0415 only models with images pay for Pillow

        return decode_image(base64_files.decode(cell), feature.height, feature.width, feature.channels)

    return read
