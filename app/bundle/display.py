"""How a value is shown to a person."""

MAX_SHOWN = 80


def shorten(value: object) -> str:
    """The value's repr on one line of at most MAX_SHOWN characters."""
    if isinstance(value, str):
        value = value[: MAX_SHOWN + 1]
    return cut(repr(value))


def cut(text: str) -> str:
    """The text, or its first MAX_SHOWN - 1 characters and an ellipsis."""
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
