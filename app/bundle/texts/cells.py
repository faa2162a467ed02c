"""Cells of text formats, as data files and CSV requests write them.

Tests: tests/app/codecs/test_csv_codec.py (cells are read by their feature)
"""

import re

BLANKS = frozenset({"na", "n/a", "nan", "null", "?", "#n/a", "<na>", "-"})
"""Text, in lower case, that stands for no value among numbers; among categories training decides ("none" is a word)."""

BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0"), False),
}
"""Text, in lower case, that stands for a boolean; JSON and Arrow have their own."""

# Possessive: digits that were read are not given back, which would cost the square of their number.
NUMBER = r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
_NUMBER = re.compile(NUMBER)


def read_number(cell: str) -> float | str | None:
    """Return the number, None for an empty cell or one of BLANKS, or the stripped text where it is no number."""
    text = cell.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    return None if not text or text.lower() in BLANKS else text


def read_text(cell: str) -> str | None:
    """Return the stripped text, None where it is empty; "true" and "false" in lower case."""
    text = cell.strip()
    lower = text.lower()
    return lower if lower in ("true", "false") else text or None


def read_filled(cell: str) -> str | None:
    """Return the stripped text, None where it is empty or one of BLANKS."""
    text = cell.strip()
    return None if not text or text.lower() in BLANKS else text


def read_boolean(cell: str) -> bool | str | None:
    """Return the boolean, None for an empty cell or one of BLANKS, or the stripped text where it is no boolean."""
    text = read_filled(cell)
    return None if text is None else BOOLEANS.get(text.lower(), text)
