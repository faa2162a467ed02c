"""Missing values in disguise: text such as "N/A", sentinel numbers such as -999.

Tests: tests/training/data/test_cleaning.py (values that stand for missing)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.texts.cells import BLANKS

MIN_REPEATS = 3
_LIMITS = (2_147_483_647.0, -2_147_483_648.0)


def blank_texts(cells: Sequence[str | None]) -> tuple[str, ...]:
    """Return the distinct cells that stand for a missing value, as they are written, sorted."""
    return tuple(sorted({cell for cell in cells if cell is not None and cell.lower() in BLANKS}))


def blank_numbers(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the numbers that stand for a missing value, ascending.

    Such a number is typical of a sentinel (-999, the limits of 32-bit integers, 1e9), repeats, and is at least as far
    from the nearest other value as the range of all other values is wide.
    """
    values = values[~np.isnan(values)]
    distinct, counts = np.unique(values, return_counts=True)
    typical = np.array([_is_typical_sentinel(value) for value in distinct], dtype=bool)
    rest = distinct[~typical]
    if not rest.size:
        return ()
    width = rest[-1] - rest[0]
    gap = np.maximum(rest[0] - distinct, distinct - rest[-1])
    sentinels = distinct[typical & (counts >= MIN_REPEATS) & (gap > 0) & (gap >= width)]
    return tuple(float(value) for value in sentinels)


def isolated_zeros(values: NDArray[np.float64]) -> int:
    """Count the zeros in a column of positive measurements that lie far below all others; 0 where none do."""
    values = values[~np.isnan(values)]
    zeros, rest = int((values == 0).sum()), values[values != 0]
    if not 2 <= zeros <= 0.01 * values.size or (rest == np.round(rest)).all():
        return 0
    low, quartile, upper = np.quantile(rest, [0, 0.25, 0.75])
    return zeros if 2 * low >= upper - quartile > 0 else 0


def without(cells: Sequence[Any], missing_values: Sequence[Any]) -> list[Any]:
    """Return the cells with None in the place of the values that stand for a missing one."""
    blanks = set(missing_values)
    return [None if cell in blanks else cell for cell in cells]


def _is_typical_sentinel(value: float) -> bool:
    if value in _LIMITS or abs(value) >= 1e9:
        return value in _LIMITS or float(np.log10(abs(value))).is_integer() or _is_nines(value)
    return _is_nines(value)


def _is_nines(value: float) -> bool:
    digits = f"{abs(value):.0f}"
    return value == round(value) and set(digits) == {"9"} and len(digits) >= (2 if value < 0 else 3)
