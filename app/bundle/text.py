"""How a value is shown to a person."""

MAX_SHOWN = 80


def shorten(value: object) -> str:
    """The value's repr on one line of at most MAX_SHOWN characters."""
    if isinstance(value, str):
        value = value[: MAX_SHOWN + 1]
    shown = repr(value)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[: MAX_SHOWN - 1]}…"
