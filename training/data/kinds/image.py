"""Images: paths of PNG and JPEG files, or their bytes. What the network is taught is kept as PNGs of its size."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from app.bundle.features import ImageFeature
from app.bundle.media import base64_files, images
from app.bundle.normalization import ImageStatistics
from training.data.kinds.base import Column, Source, Summary
from training.data.kinds.files import each, is_usable, sample
from training.formats import compact

MAX_SIDE = 64
"""Pixels of the longer side that larger images are brought to, unless the configuration says otherwise."""
EXAMPLE_SIDE = 16

PATH = r"(?i)\.(?:png|jpe?g)$"


def read(column: Column, series: pl.Series, source: Source) -> None:
    """Fill the column with PNGs, None where missing, and its feature.

    Raises InputError where a file is absent or no image.
    """
    if not is_usable(column, series, source):
        return
    height, width, channels = _size(column, series, source)

    def canonical(content: bytes) -> bytes:
        return images.encode_png(images.decode_image(content, height, width, channels))

    column.values = each(column, series, source, range(len(series)), canonical)
    filled = [cell for cell in column.values if cell is not None]
    example = images.shrink(images.decode_image(filled[0], height, width, channels), EXAMPLE_SIDE)
    column.feature = ImageFeature(
        name=column.name,
        description=source.settings.description,
        nullable=len(filled) < len(series),
        height=height,
        width=width,
        channels=channels,
        example=base64_files.encode(images.encode_png(example)),
    )


def edge(value: int) -> Callable[[ImageStatistics], str]:
    """An image of one colour, as a request brings it."""

    def make(fitted: ImageStatistics) -> str:
        return base64_files.encode(images.encode_png(np.full((2, 2, len(fitted.mean)), value, dtype=np.uint8)))

    return make


EDGES: tuple[Callable[[ImageStatistics], str | None], ...] = (edge(0), edge(255), lambda _: None)
"""Black, white and missing."""


def _size(column: Column, series: pl.Series, source: Source) -> tuple[int, int, Literal[1, 3]]:
    """Height and width as configured, or the median's scaled down to MAX_SIDE; one channel where none has colour."""
    shapes = [one for one in each(column, series, source, sample(series), images.read_shape) if one is not None]
    heights, widths, channels = np.array(shapes).T
    colour: Literal[1, 3] = 3 if channels.max() == 3 else 1
    if source.settings.size is not None:
        return (*source.settings.size, colour)
    height, width = float(np.median(heights)), float(np.median(widths))
    scale = min(1.0, MAX_SIDE / max(height, width))
    return max(1, round(scale * height)), max(1, round(scale * width)), colour


def summarize(feature: ImageFeature, statistics: ImageStatistics, column: Sequence[Any]) -> Summary:
    """Of the train split's cells."""
    mean, deviation = (", ".join(map(compact, one)) for one in (statistics.mean, statistics.standard_deviation))
    return Summary(
        missing_share=sum(cell is None for cell in column) / len(column),
        facts=(
            ("size", f"{feature.height} × {feature.width}, {'grey' if feature.channels == 1 else 'in colour'}"),
            ("mean ± deviation", f"{mean} ± {deviation}"),
        ),
    )
