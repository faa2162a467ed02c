"""The id of a request: the caller's where it can do no harm in a log, a new one elsewhere."""

import os
import re
import secrets
from functools import cache
from itertools import count

_KEPT = re.compile(r"[\x21-\x7e]{1,128}").fullmatch
_numbers = count()


def request_id(received: str | None) -> str:
    """The received id where it is printable ASCII of at most 128 characters; else 32 hexadecimal digits, unique."""
    if received and _KEPT(received):
        return received
    return f"{_prefix()}{next(_numbers):016x}"


@cache
def _prefix() -> str:
    """What tells the ids of this process from those of every other."""
    return secrets.token_hex(8)


os.register_at_fork(after_in_child=_prefix.cache_clear)
