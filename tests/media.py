"""Small images and sounds as files."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.bundle.media import sounds


def picture(array: Any, form: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    """Return a file of the pixels, converted to one of Pillow's modes if it is given."""
    image = Image.fromarray(np.asarray(array))
    stream = io.BytesIO()
    (image if mode is None else image.convert(mode)).save(stream, form, **options)
    return stream.getvalue()


def square(value: int, side: int = 12, seed: int = 0) -> NDArray[np.uint8]:
    """Return grey pixels around a value."""
    noise = np.random.default_rng(seed).integers(0, 40, (side, side))
    return (value + noise).clip(0, 255).astype(np.uint8)


def tone(hertz: float, seconds: float = 0.2, rate: int = 8_000) -> bytes:
    """Return a WAV file of one pitch."""
    time = np.arange(round(rate * seconds)) / rate
    return sounds.encode_wav(np.sin(2 * np.pi * hertz * time).astype(np.float32), rate)
