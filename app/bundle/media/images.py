"""PNG and JPEG images decoded to pixels.

Only this module imports Pillow, and it is only imported when a model with images is first used.
"""

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


def decode_image(content: bytes, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Return an image's pixels, stretched to uint8 of shape (height, width, channels).

    One channel is grey, three are red, green and blue. The image is turned upright by its EXIF orientation, and
    transparent parts are put on white. Raises ValueError with the rule that the file breaks.
    """
    image = _open(content)
    mode = "L" if channels == 1 else "RGB"
    longest = max(height, width)
    # Pillow decodes a large JPEG at a half, a quarter or an eighth of its size if that is still twice the target.
    image.draft(mode, (2 * longest, 2 * longest))
    try:
        image.load()
        image = _opaque(ImageOps.exif_transpose(image)).convert(mode)
    except Exception as error:  # Pillow's exceptions have no common base but this
        raise ValueError("must be a whole PNG or JPEG image") from error
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8).reshape(height, width, channels)


def read_shape(content: bytes) -> tuple[int, int, int]:
    """Return the height, width and channels of an upright image, by its header alone.

    Raises ValueError if the header is not one of a PNG or JPEG image of at most MAX_PIXELS pixels.
    """
    image = _open(content)
    is_sideways = image.getexif().get(0x0112, 1) >= 5  # orientations 5 to 8 of EXIF are turned by 90 degrees
    width, height = image.size[::-1] if is_sideways else image.size
    return height, width, 1 if image.mode in _COLOURLESS or image.mode.startswith("I") else 3


def encode_png(array: NDArray[np.uint8]) -> bytes:
    """Return a PNG of uint8 pixels of shape (height, width, channels), which `decode_image` restores exactly."""
    stream = io.BytesIO()
    Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).save(stream, "PNG")
    return stream.getvalue()


def shrink(array: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Return the pixels, scaled down if necessary until no side is longer than `longest` pixels."""
    height, width, channels = array.shape
    scale = min(1.0, longest / max(height, width))
    return decode_image(encode_png(array), max(1, round(scale * height)), max(1, round(scale * width)), channels)


def _open(content: bytes) -> Any:
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"must have at most {MAX_PIXELS} pixels") from None
    except Exception as error:  # Pillow's exceptions have no common base but this
        raise ValueError(RULE) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"must have at most {MAX_PIXELS} pixels")
    return image


def _opaque(image: Any) -> Any:
    """Return the image in 8 bits per channel, with transparent parts on white."""
    if image.mode.startswith("I"):  # 16-bit pixels, which Pillow would clip instead of scaling
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image
