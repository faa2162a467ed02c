"""Values as short text for people to read.

Tests: tests/app/api/test_predict.py (values in problems are cut)
"""

MAX_LENGTH = 80
"""Number of characters to which a value is cut."""


def shorten(value: object) -> str:
    """Return the value's repr, on one line of at most MAX_LENGTH characters."""
    if isinstance(value, str):
        value = value[: MAX_LENGTH + 1]  # a long text is cut first, because its repr may be much longer
    return truncate(repr(value))


def truncate(text: str) -> str:
    """Return the text, or its first MAX_LENGTH - 1 characters and an ellipsis if it is longer than MAX_LENGTH."""
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
