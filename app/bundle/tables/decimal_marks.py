"""The decimal mark of a column's numbers, point or comma, where they are written as text."""

import re
from collections.abc import Sequence
from typing import Literal

DecimalMark = Literal[".", ",", "?"]
"""How numbers are written: 1,234.5 with ".", 1.234,5 with ","; with "?" it is unclear, and a comma is refused."""

_CORE = re.compile(r"^[^\d.,]*([\d.,]+)[^\d.,]*$")


def _decimal(mark: str, other: str) -> re.Pattern[str]:
    """Return a pattern of numbers that only this decimal mark explains."""
    d, o = re.escape(mark), re.escape(other)
    decimals = rf"\d*{d}(?:\d{{1,2}}|\d{{4,}})"
    long_or_zero = rf"(?:0+|0\d+|\d{{4,}}|){d}\d+"
    grouped = rf"\d{{1,3}}(?:{o}\d{{3}})+{d}\d+|\d{{1,3}}(?:{o}\d{{3}}){{2,}}"
    return re.compile(f"(?:{decimals}|{long_or_zero}|{grouped})$")


_PROOF = {",": _decimal(",", "."), ".": _decimal(".", ",")}
_UNCLEAR = {mark: re.compile(rf"[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}$") for mark in ",."}


class DecimalMarks:
    """The evidence of a file's cells for the decimal mark of each column."""

    def __init__(self) -> None:
        self._proven: dict[str, set[int]] = {",": set(), ".": set()}
        self._unclear: dict[str, set[int]] = {",": set(), ".": set()}

    def see(self, column: int, cell: str) -> None:
        """Take a cell, as it is written, into account."""
        if "," not in cell and column in self._proven["."]:
            return
        core = _CORE.match(cell)
        if core is None:
            return
        for mark in ",.":
            if _PROOF[mark].match(core[1]):
                self._proven[mark].add(column)
            elif _UNCLEAR[mark].match(core[1]):
                self._unclear[mark].add(column)

    def decide(self, columns: Sequence[str], delimiter: str) -> dict[str, DecimalMark]:
        """Return the mark of each column, except those with a plain ".".

        A column's own cells decide. Where each of them could be either (1,234), the file's other columns decide. Where
        these give no evidence, or disagree, a comma groups thousands if the file also separates cells by comma, and is
        refused otherwise: no number is ever read as a thousand times what was meant.
        """
        marks = {name: self._decide(index, delimiter) for index, name in enumerate(columns)}
        return {name: mark for name, mark in marks.items() if mark != "."}

    def _decide(self, column: int, delimiter: str) -> DecimalMark:
        comma, dot = (column in self._proven[mark] for mark in ",.")
        if comma or dot:
            return "?" if comma and dot else "," if comma else "."
        if not any(column in self._unclear[mark] for mark in ",."):
            return "."
        comma, dot = (bool(self._proven[mark]) for mark in ",.")
        if comma or dot:
            return "?" if comma and dot else "," if comma else "."
        return "." if delimiter == "," or column not in self._unclear[","] else "?"
