"""Values that stand for a missing one: text such as "N/A", numbers such as -999."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.texts.cells import BLANKS

MIN_REPEATS = 3
_LIMITS = (2_147_483_647.0, -2_147_483_648.0)


def blank_texts(cells: Sequence[str | None]) -> tuple[str, ...]:
    """The distinct cells that stand for no value, as they are written, by alphabet."""
    return tuple(sorted({cell for cell in cells if cell is not None and cell.lower() in BLANKS}))


def blank_numbers(values: NDArray[np.float64]) -> tuple[float, ...]:
    """The numbers that stand for no value, ascending: repeated, of a telling shape, and far outside of the rest.

    Far is at least as far from the nearest other value as all other values are from one another.
    """
    values = values[~np.isnan(values)]
    distinct, counts = np.unique(values, return_counts=True)
    telling = np.array([_is_telling(value) for value in distinct], dtype=bool)
    rest = distinct[~telling]
    if not rest.size:
        return ()
    width = rest[-1] - rest[0]
    gap = np.maximum(rest[0] - distinct, distinct - rest[-1])
    found = distinct[telling & (counts >= MIN_REPEATS) & (gap > 0) & (gap >= width)]
    return tuple(float(value) for value in found)


def isolated_zeros(values: NDArray[np.float64]) -> int:
    """How many zeros a column of positive measurements has that lie far below all the rest; 0 where none do."""
    values = values[~np.isnan(values)]
    zeros, rest = int((values == 0).sum()), values[values != 0]
    if not 2 <= zeros <= 0.01 * values.size or (rest == np.round(rest)).all():
        return 0
    low, quartile, upper = np.quantile(rest, [0, 0.25, 0.75])
    return zeros if 2 * low >= upper - quartile > 0 else 0


def without(cells: Sequence[Any], missing_values: Sequence[Any]) -> list[Any]:
    """The cells, None where they are of the missing values."""
    blanks = set(missing_values)
    return [None if cell in blanks else cell for cell in cells]


def _is_telling(value: float) -> bool:
    if value in _LIMITS or abs(value) >= 1e9:
        return value in _LIMITS or float(np.log10(abs(value))).is_integer() or _is_nines(value)
    return _is_nines(value)


def _is_nines(value: float) -> bool:
    digits = f"{abs(value):.0f}"
    return value == round(value) and set(digits) == {"9"} and len(digits) >= (2 if value < 0 else 3)
