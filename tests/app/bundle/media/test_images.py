"""Decoding PNG and JPEG images, and the files that are refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.bundle.media.images import decode_image, encode_png, read_shape, shrink
from tests.media import picture, square

GREY = square(100)


def test_a_grey_png_of_the_same_size_is_read_unchanged() -> None:
    assert (decode_image(picture(GREY), 12, 12, 1)[:, :, 0] == GREY).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_written_pixels_are_read_back_exactly(channels: int) -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    assert (decode_image(encode_png(array), 5, 7, channels) == array).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_a_white_png_is_white(mode: str) -> None:
    white = picture(np.full((4, 4, 3), 255, dtype=np.uint8), mode=mode)
    for channels in (1, 3):
        assert (decode_image(white, 4, 4, channels) == 255).all()


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    red = np.zeros((16, 16, 3), dtype=np.uint8)
    red[:, :, 0] = 200
    np.testing.assert_allclose(decode_image(picture(red, "JPEG", mode="CMYK"), 16, 16, 3), red, atol=3)


def test_16_bit_pixels_are_scaled_and_not_clipped() -> None:
    deep = np.array([[0, 256], [32768, 65535]], dtype=np.uint16)
    assert decode_image(picture(deep), 2, 2, 1)[:, :, 0].tolist() == [[0, 1], [128, 255]]


def test_transparent_pixels_become_white() -> None:
    clear = np.zeros((4, 4, 4), dtype=np.uint8)
    assert (decode_image(picture(clear), 4, 4, 3) == 255).all()


def test_a_sideways_image_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    array = np.zeros((16, 32), dtype=np.uint8)
    array[:, :16] = 255
    turned = picture(array, "JPEG", exif=exif)
    assert read_shape(turned) == (32, 16, 1)
    upright = decode_image(turned, 32, 16, 1)[:, :, 0]
    assert upright[:14].min() > 200
    assert upright[18:].max() < 50


def test_other_sizes_are_stretched() -> None:
    assert decode_image(picture(GREY, "JPEG"), 3, 5, 3).shape == (3, 5, 3)


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_formats_are_refused(form: str) -> None:
    with pytest.raises(ValueError, match="must be a PNG or JPEG image"):
        decode_image(picture(GREY, form), 4, 4, 1)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_file_is_refused(form: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8)
    content = picture(noise, form)
    with pytest.raises(ValueError, match="must be a"):
        decode_image(content[: int(share * len(content))], 4, 4, 1)


@pytest.mark.parametrize("side", [4_097, 12_000, 30_000])
def test_too_many_pixels_are_refused_by_the_header_before_decoding(side: int) -> None:
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    content = picture(GREY)
    bomb = content[:8] + chunk + content[33:]
    with pytest.raises(ValueError, match="must have at most 16777216 pixels"):
        decode_image(bomb, 4, 4, 1)


def read_or_refused(content: bytes) -> bool:
    try:
        return bool(decode_image(content, 3, 3, 1).shape == (3, 3, 1))
    except ValueError as error:
        return str(error).startswith("must ")


@given(st.binary(max_size=200), st.integers(0, 60))
def test_random_bytes_are_read_or_refused_by_rule(noise: bytes, n_kept: int) -> None:
    for content in (noise, picture(GREY)[:n_kept] + noise, picture(GREY, "JPEG")[:n_kept] + noise):
        assert read_or_refused(content)


def test_large_images_are_shrunk_and_small_ones_kept() -> None:
    assert shrink(np.zeros((40, 20, 3), dtype=np.uint8), 16).shape == (16, 8, 3)
    assert Image.open(io.BytesIO(encode_png(shrink(np.zeros((4, 4, 1), dtype=np.uint8), 16)))).size == (4, 4)
