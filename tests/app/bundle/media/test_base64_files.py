"""Decoding base64 text and data URLs."""

import pytest

from app.bundle.media.base64_files import decode, encode


@pytest.mark.parametrize("cell", [b"\x00abc", encode(b"\x00abc"), "data:image/png;base64," + encode(b"\x00abc")])
def test_bytes_base64_and_data_urls_decode_alike(cell: str | bytes) -> None:
    assert decode(cell) == b"\x00abc"


@pytest.mark.parametrize("cell", ["images/0.png", "AAA", "ü", "data:image/png,AAAA", "data:AAAA"])
def test_other_text_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="must be base64"):
        decode(cell)
