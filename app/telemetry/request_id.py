"""Request ids: the caller's where it is safe to log, a new one otherwise."""

import os
import re
import secrets
from functools import cache
from itertools import count

_SAFE = re.compile(r"[\x21-\x7e]{1,128}").fullmatch
_numbers = count()


def request_id(received: str | None) -> str:
    """Return the received id if it is 1 to 128 printable ASCII characters, or else a unique id of 32 hex digits."""
    if received and _SAFE(received):
        return received
    return f"{_prefix()}{next(_numbers):016x}"


@cache
def _prefix() -> str:
    """Return the 16 random hex digits that distinguish this process's ids from those of every other process."""
    return secrets.token_hex(8)


os.register_at_fork(after_in_child=_prefix.cache_clear)
