"""Images: pixels of a fixed size, standardized by channel."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.features import ImageFeature
from app.bundle.media import base64_files
from app.bundle.normalization import ImageStatistics
from app.bundle.transforms.blocks import BlockTransform

LEAST_DEVIATION = 1.0
"""Of pixels that are 0 to 255: images of one colour are not blown up."""


class ImageTransform(BlockTransform):
    """Raw: uint8. A tensor a feature: float32 of shape (n_rows, height, width, channels)."""

    kind: ClassVar[str] = "image"
    dtype: ClassVar[type[np.generic]] = np.uint8

    @staticmethod
    def shape(feature: ImageFeature) -> tuple[int, ...]:
        """Height, width, channels."""
        return feature.height, feature.width, feature.channels

    @staticmethod
    def fit(feature: ImageFeature, column: Sequence[bytes | None]) -> ImageStatistics:
        """Mean and deviation of each channel; raises ValueError where no row has an image."""
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
        """What a cell must be."""
        colours = "grey" if len(statistics.mean) == 1 else "in colour"
        return f"A PNG or JPEG image, base64-encoded or a data URL; it is read {colours}."

    def reader(self, index: int) -> Callable[[str | bytes], NDArray[np.uint8]]:
        """Decodes an image."""
        return _reader(self._features[index])

    def standardize(self, index: int, block: NDArray[Any]) -> NDArray[np.float32]:
        """By channel."""
        statistics = self._statistics[index]
        mean = np.array(statistics.mean, dtype=np.float32)
        deviation = np.array(statistics.standard_deviation, dtype=np.float32)
        return (block - mean) / deviation


def _reader(feature: ImageFeature) -> Callable[[str | bytes], NDArray[np.uint8]]:
    def read(cell: str | bytes) -> NDArray[np.uint8]:
        from app.bundle.media.images import decode_image  # noqa: PLC0415 only models with images pay for Pillow

        return decode_image(base64_files.decode(cell), feature.height, feature.width, feature.channels)

    return read
