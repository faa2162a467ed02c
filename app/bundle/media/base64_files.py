"""Files inside a request, as base64 text or data URLs (RFC 2397)."""

import base64
import binascii


def decode(cell: str | bytes) -> bytes:
    """Return the bytes of base64 text or of a data URL, or bytes unchanged.

    Raises ValueError with the rule that the cell breaks.
    """
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


def encode(file: bytes) -> str:
    """Return the bytes of a file as base64 text."""
    return base64.b64encode(file).decode("ascii")
