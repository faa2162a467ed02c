"""How sure a number is that was measured on few rows: 95 % intervals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
Z = 1.959964
"""Deviations of a normal distribution within which 95 % of it lie."""
RESAMPLES = 200

Weighted = Callable[[NDArray[np.float64]], Mapping[str, float]]
"""Metrics by name, NaN where undefined, of rows that count as often as their weight, of shape (n_rows,), says."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value measured on `n_rows` rows, and the interval that holds the true one 19 times in 20."""

    value: float
    low: float
    high: float
    n_rows: int


def wilson(successes: int, n_rows: int) -> Estimate:
    """A share of one row or more with Wilson's score interval (1927), which stays honest near 0 and 1."""
    share, spread = successes / n_rows, Z**2 / n_rows
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * np.sqrt(share * (1 - share) / n_rows + spread / (4 * n_rows))
    low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
    return Estimate(share, min(share, low), max(share, high), n_rows)


def mean(values: NDArray[np.float64]) -> Estimate:
    """The mean of two values or more, of shape (n_rows,), with the normal approximation's interval."""
    average, half = float(values.mean()), Z * float(values.std(ddof=1)) / np.sqrt(len(values))
    return Estimate(average, average - half, average + half, len(values))


def bootstrap(measure: Weighted, n_rows: int, seed: int) -> dict[str, Estimate]:
    """Each metric that all rows define, with the percentile interval of RESAMPLES draws of as many rows (Efron, 1979).

    Draws that leave a metric undefined are passed over.
    """
    random = np.random.default_rng(seed)
    whole = measure(np.ones(n_rows))
    draws = [
        measure(np.bincount(random.integers(n_rows, size=n_rows), minlength=n_rows).astype(np.float64))
        for _ in range(RESAMPLES)
    ]
    return {
        name: _percentiles(value, np.array([one[name] for one in draws]), n_rows)
        for name, value in whole.items()
        if np.isfinite(value)
    }


def _percentiles(value: float, drawn: NDArray[np.float64], n_rows: int) -> Estimate:
    low, high = np.quantile(np.append(drawn[np.isfinite(drawn)], value), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)), n_rows)
