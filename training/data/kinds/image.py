"""Images: paths of PNG and JPEG files, or their bytes; kept as PNGs of the size that the network reads.

Tests: tests/training/test_files.py
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from app.bundle.media import base64_files, images
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.image import ImageFeature, ImageStatistics
from training.data.kinds.base import Kind, Source, Summary, TypedColumn, mostly_matches
from training.data.kinds.files import is_usable, read_each, sample
from training.formats import compact

MAX_SIDE = 64
"""Pixels of the longer side to which larger images are scaled down by default."""
EXAMPLE_SIDE = 16

_PATH = r"(?i)\.(?:png|jpe?g)$"


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 a path has no decimals
    """Return whether nearly all cells are paths of PNG or JPEG files."""
    return mostly_matches(filled, _PATH)


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with PNGs, None where missing, and its feature.

    Raises InputError where a file is absent or is not an image.
    """
    if not is_usable(column, series, source):
        return
    height, width, channels = _size(column, series, source)

    def canonical(content: bytes) -> bytes:
        return images.encode_png(images.decode_image(content, height, width, channels))

    column.values = read_each(column, series, source, range(len(series)), canonical)
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


def plain_image(value: int) -> Callable[[ImageStatistics], str]:
    """Return a function to an image of one colour, as a request brings it."""

    def make(fitted: ImageStatistics) -> str:
        return base64_files.encode(images.encode_png(np.full((2, 2, len(fitted.mean)), value, dtype=np.uint8)))

    return make


EDGES: tuple[Callable[[ImageStatistics], str | None], ...] = (plain_image(0), plain_image(255), lambda _: None)
"""A black image, a white one, and a missing cell."""


def _size(column: TypedColumn, series: pl.Series, source: Source) -> tuple[int, int, Literal[1, 3]]:
    """Return height, width and channels: the configured size, or the median scaled down to MAX_SIDE; 3 for colour."""
    read_shapes = read_each(column, series, source, sample(series), images.read_shape)
    shapes = [shape for shape in read_shapes if shape is not None]
    heights, widths, channels = np.array(shapes).T
    colour: Literal[1, 3] = 3 if channels.max() == 3 else 1
    if source.settings.size is not None:
        return (*source.settings.size, colour)
    height, width = float(np.median(heights)), float(np.median(widths))
    scale = min(1.0, MAX_SIDE / max(height, width))
    return max(1, round(scale * height)), max(1, round(scale * width)), colour


def summarize(feature: ImageFeature, statistics: ImageStatistics, column: Sequence[Any]) -> Summary:
    """Return the summary of the train split's cells."""
    mean = ", ".join(map(compact, statistics.mean))
    deviation = ", ".join(map(compact, statistics.standard_deviation))
    return Summary(
        missing_share=sum(cell is None for cell in column) / len(column),
        facts=(
            ("size", f"{feature.height} × {feature.width}, {'grey' if feature.channels == 1 else 'in colour'}"),
            ("mean ± deviation", f"{mean} ± {deviation}"),
        ),
    )


KIND = Kind(
    name="image",
    takes="a PNG or JPEG image",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
)
