"""PNG and JPEG to pixels. The only importer of Pillow, when a model with images is first used."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

MAX_PIXELS = 4096 * 4096
FORMATS = ("PNG", "JPEG")
RULE = "must be a PNG or JPEG image"

_TRANSPARENT = {"RGBA", "LA", "PA", "La", "RGBa"}
_COLOURLESS = {"1", "L", "LA", "La"}


def pixels(content: bytes, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """The image upright, on white where it is transparent, stretched to uint8 of shape (height, width, channels).

    One channel is grey, three are red, green and blue. Raises ValueError with the rule that the file breaks.
    """
    image = _open(content)
    mode = "L" if channels == 1 else "RGB"
    longest = max(height, width)
    # A JPEG of many pixels is decoded at a half, a quarter or an eighth of them where that is still twice the wanted.
    image.draft(mode, (2 * longest, 2 * longest))
    try:
        image.load()
        image = _opaque(ImageOps.exif_transpose(image)).convert(mode)
    except Exception as error:  # what Pillow raises shares no base but this
        raise ValueError("must be a whole PNG or JPEG image") from error
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8).reshape(height, width, channels)


def shape(content: bytes) -> tuple[int, int, int]:
    """Height, width and channels as the file's head says them, upright; raises ValueError as `pixels` does."""
    image = _open(content)
    turned = image.getexif().get(0x0112, 1) >= 5  # of the eight orientations, those on their side
    width, height = image.size[::-1] if turned else image.size
    return height, width, 1 if image.mode in _COLOURLESS or image.mode.startswith("I") else 3


def png(array: NDArray[np.uint8]) -> bytes:
    """A PNG of uint8 pixels of shape (height, width, channels), which `pixels` reads as they are."""
    stream = io.BytesIO()
    Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).save(stream, "PNG")
    return stream.getvalue()


def shrunk(array: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """The pixels, scaled down so that no side is longer than `longest`."""
    height, width, channels = array.shape
    scale = min(1.0, longest / max(height, width))
    return pixels(png(array), max(1, round(scale * height)), max(1, round(scale * width)), channels)


def _open(content: bytes) -> Any:
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"must have at most {MAX_PIXELS} pixels") from None
    except Exception as error:  # what Pillow raises shares no base but this
        raise ValueError(RULE) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"must have at most {MAX_PIXELS} pixels")
    return image


def _opaque(image: Any) -> Any:
    """The image in 8 bits a channel, on white where it is transparent."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off instead of scaling
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image
