"""Base64 text and data URLs."""

import pytest

from app.bundle.media.base64_files import content, text


@pytest.mark.parametrize("cell", [b"\x00abc", text(b"\x00abc"), "data:image/png;base64," + text(b"\x00abc")])
def test_bytes_base64_and_data_urls_hold_the_same(cell: str | bytes) -> None:
    assert content(cell) == b"\x00abc"


@pytest.mark.parametrize("cell", ["images/0.png", "AAA", "ü", "data:image/png,AAAA", "data:AAAA"])
def test_other_text_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="must be base64"):
        content(cell)
