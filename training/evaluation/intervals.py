"""Confidence intervals at 95 %: how certain a number is that was measured on a sample of rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
Z = 1.959964
"""The normal distribution's quantile at (1 + LEVEL) / 2."""
RESAMPLES = 200

WeightedMetrics = Callable[[NDArray[np.float64]], Mapping[str, float]]
"""Metrics by name, NaN where undefined, as a function of the rows' weights, float64 of shape (n_rows,)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value measured on `n_rows` rows, and the ends of its 95 % confidence interval."""

    value: float
    low: float
    high: float
    n_rows: int


def wilson_interval(successes: int, n_rows: int) -> Estimate:
    """Estimate a share of one row or more with Wilson's score interval (1927), which also holds near 0 and 1."""
    share, spread = successes / n_rows, Z**2 / n_rows
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * np.sqrt(share * (1 - share) / n_rows + spread / (4 * n_rows))
    low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
    return Estimate(share, min(share, low), max(share, high), n_rows)


def mean_interval(values: NDArray[np.float64]) -> Estimate:
    """Estimate the mean of two values or more, of shape (n_rows,), with the normal approximation's interval."""
    average, half = float(values.mean()), Z * float(values.std(ddof=1)) / np.sqrt(len(values))
    return Estimate(average, average - half, average + half, len(values))


def bootstrap_intervals(metrics: WeightedMetrics, n_rows: int, seed: int) -> dict[str, Estimate]:
    """Estimate each metric that is defined on all rows with the bootstrap's percentile interval (Efron, 1979).

    A resample draws as many rows with replacement; those on which a metric is undefined are ignored for it.
    """
    random = np.random.default_rng(seed)
    measured = metrics(np.ones(n_rows))
    resampled = [
        metrics(np.bincount(random.integers(n_rows, size=n_rows), minlength=n_rows).astype(np.float64))
        for _ in range(RESAMPLES)
    ]
    return {
        name: _percentile_interval(value, np.array([metrics[name] for metrics in resampled]), n_rows)
        for name, value in measured.items()
        if np.isfinite(value)
    }


def _percentile_interval(value: float, resampled: NDArray[np.float64], n_rows: int) -> Estimate:
    defined = np.append(resampled[np.isfinite(resampled)], value)
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)), n_rows)
