"""Files within a request: base64 text, or a data URL."""

import base64
import binascii


def content(cell: str | bytes) -> bytes:
    """The bytes of base64 text or of a data URL; bytes as they are. Raises ValueError with the rule."""
    if isinstance(cell, bytes):
        return cell
    if cell.startswith("data:"):
        head, _, cell = cell.partition(",")
        if not head.endswith(";base64"):
            raise ValueError("must be base64, also in a data URL")
    try:
        return base64.b64decode(cell, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64 text (in a data file: the path of a file that is there)") from None


def text(file: bytes) -> str:
    """The file as base64 text."""
    return base64.b64encode(file).decode("ascii")
