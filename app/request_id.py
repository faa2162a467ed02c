"""The id of a request: the caller's where it can do no harm in a log, a new one elsewhere."""

import re
import secrets
from itertools import count

_KEPT = re.compile(r"[\x21-\x7e]{1,128}").fullmatch
_prefix = secrets.token_hex(8)
_numbers = count()


def request_id(received: str | None) -> str:
    """The received id where it is printable ASCII of at most 128 characters; else 32 hexadecimal digits, unique."""
    if received and _KEPT(received):
        return received
    return f"{_prefix}{next(_numbers):016x}"
