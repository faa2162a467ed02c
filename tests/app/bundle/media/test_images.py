"""PNG and JPEG to pixels, and what is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.bundle.media.images import pixels, png, shape, shrunk
from tests.media import picture, square

GREY = square(100)


def test_a_grey_png_of_the_size_is_read_as_it_is() -> None:
    assert (pixels(picture(GREY), 12, 12, 1)[:, :, 0] == GREY).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_written_is_read_as_it_was(channels: int) -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    assert (pixels(png(array), 5, 7, channels) == array).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_a_white_png_is_white(mode: str) -> None:
    white = picture(np.full((4, 4, 3), 255, dtype=np.uint8), mode=mode)
    for channels in (1, 3):
        assert (pixels(white, 4, 4, channels) == 255).all()


def test_a_jpeg_in_cmyk_has_its_colours() -> None:
    red = np.zeros((16, 16, 3), dtype=np.uint8)
    red[:, :, 0] = 200
    np.testing.assert_allclose(pixels(picture(red, "JPEG", mode="CMYK"), 16, 16, 3), red, atol=3)


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    deep = np.array([[0, 256], [32768, 65535]], dtype=np.uint16)
    assert pixels(picture(deep), 2, 2, 1)[:, :, 0].tolist() == [[0, 1], [128, 255]]


def test_what_is_transparent_is_white() -> None:
    clear = np.zeros((4, 4, 4), dtype=np.uint8)
    assert (pixels(picture(clear), 4, 4, 3) == 255).all()


def test_a_picture_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    array = np.zeros((16, 32), dtype=np.uint8)
    array[:, :16] = 255
    turned = picture(array, "JPEG", exif=exif)
    assert shape(turned) == (32, 16, 1)
    upright = pixels(turned, 32, 16, 1)[:, :, 0]
    assert upright[:14].min() > 200
    assert upright[18:].max() < 50


def test_other_sizes_are_stretched() -> None:
    assert pixels(picture(GREY, "JPEG"), 3, 5, 3).shape == (3, 5, 3)


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_formats_are_refused(form: str) -> None:
    with pytest.raises(ValueError, match="must be a PNG or JPEG image"):
        pixels(picture(GREY, form), 4, 4, 1)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_cut_file_is_refused(form: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8)
    content = picture(noise, form)
    with pytest.raises(ValueError, match="must be a"):
        pixels(content[: int(share * len(content))], 4, 4, 1)


@pytest.mark.parametrize("side", [4_097, 12_000, 30_000])
def test_a_head_of_very_many_pixels_is_refused_before_they_are_unpacked(side: int) -> None:
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    content = picture(GREY)
    bomb = content[:8] + chunk + content[33:]
    with pytest.raises(ValueError, match="must have at most 16777216 pixels"):
        pixels(bomb, 4, 4, 1)


def read_or_refused(content: bytes) -> bool:
    try:
        return bool(pixels(content, 3, 3, 1).shape == (3, 3, 1))
    except ValueError as error:
        return str(error).startswith("must ")


@given(st.binary(max_size=200), st.integers(0, 60))
def test_bytes_of_any_kind_are_read_or_refused_by_a_rule(noise: bytes, kept: int) -> None:
    for content in (noise, picture(GREY)[:kept] + noise, picture(GREY, "JPEG")[:kept] + noise):
        assert read_or_refused(content)


def test_an_example_is_small() -> None:
    assert shrunk(np.zeros((40, 20, 3), dtype=np.uint8), 16).shape == (16, 8, 3)
    assert Image.open(io.BytesIO(png(shrunk(np.zeros((4, 4, 1), dtype=np.uint8), 16)))).size == (4, 4)
