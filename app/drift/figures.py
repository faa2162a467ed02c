"""The drift statistics of a window: population stability indices and rates, per feature and for the scores."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.bundle.bins.base import Bin
from app.drift.window import HALF_LIFE_ROWS, Window

MIN_ROWS = 200
"""With fewer rows, chance alone takes the index of a category's 23 bins beyond 0.17, which would pass for drift."""

MIN_SHARE = 1e-4
"""Smaller shares count as this one, so that an empty bin makes the index large but not infinite."""


@dataclass(frozen=True, slots=True)
class BinShare:
    """The share of rows in a bin: expected by the reference, and observed in the window."""

    bin: str
    expected: float
    observed: float


@dataclass(frozen=True, slots=True)
class DriftFigures:
    """The drift of one quantity: a feature's, or the scores.

    `psi_by_chance` is what the index stays below in 19 of 20 cases without drift. `rates` are the shares of rows that
    were rare or absent in training, by rule.
    """

    psi: float
    psi_by_chance: float
    rates: dict[str, float]
    bins: tuple[BinShare, ...]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The drift of one model: `rows` is weighted by age, `features` has (feature name, quantity) as its keys."""

    rows: float
    score: DriftFigures
    features: dict[tuple[str, str], DriftFigures]


def measure(window: Window, counts: NDArray[np.float64]) -> DriftReport | None:
    """Return the drift of a window by its counts, or None with fewer than MIN_ROWS rows.

    `counts` are rows per bin, as `Window.counts` returns them, added up over all workers.
    """
    rows = n_rows(window, counts)
    if rows < MIN_ROWS:
        return None
    *features, score = (_figures(bins, observed) for bins, observed in _counts_by_quantity(window, counts))
    names = [(monitored.name, monitored.quantity) for monitored in window.features]
    return DriftReport(rows, score, dict(zip(names, features, strict=True)))


def n_rows(window: Window, counts: NDArray[np.float64]) -> float:
    """Return the number of rows that a window's counts stand for, weighted by age."""
    return float(counts[-len(window.score.bins) :].sum())


def describe(window: Window | None, counts: NDArray[np.float64] | None, *, enabled: bool) -> dict[str, Any]:
    """Return the drift of a model as JSON objects, or the reason why there is none.

    `window` and `counts` are None if the model is not monitored; `enabled` is the setting SLIPWAY_DRIFT.
    """
    if window is None or counts is None:
        return {"status": "the bundle has no reference" if enabled else "switched off (SLIPWAY_DRIFT)"}
    report = measure(window, counts)
    size = {"rows": n_rows(window, counts), "half_life_rows": HALF_LIFE_ROWS, "least_rows": MIN_ROWS}
    if report is None:
        return {"status": "too few rows yet", "window": size}
    features = [
        {"name": name, "quantity": quantity, **asdict(figures)} for (name, quantity), figures in report.features.items()
    ]
    return {"status": "measured", "window": size, "score": asdict(report.score), "features": features}


def _counts_by_quantity(
    window: Window, counts: NDArray[np.float64]
) -> Iterator[tuple[Sequence[Bin], NDArray[np.float64]]]:
    """Yield the bins and the counts of each feature's quantities, in order, then those of the score."""
    first = 0
    for counter in window.counters:
        yield counter.bins, counts[first : first + len(counter.bins)]
        first += len(counter.bins)


def _figures(bins: Sequence[Bin], observed: NDArray[np.float64]) -> DriftFigures:
    expected = np.array([reference_bin.expected for reference_bin in bins], dtype=np.float64)
    shares = observed / observed.sum()
    rates: dict[str, float] = {}
    for reference_bin, share in zip(bins, shares.tolist(), strict=True):
        if reference_bin.role != "value":
            rates[reference_bin.role] = rates.get(reference_bin.role, 0.0) + share
    return DriftFigures(
        psi=psi(expected, observed),
        psi_by_chance=psi_by_chance(len(bins), float(expected.sum()), float(observed.sum())),
        rates=rates,
        bins=tuple(
            BinShare(reference_bin.label, expected_share, observed_share)
            for reference_bin, expected_share, observed_share in zip(
                bins, (expected / expected.sum()).tolist(), shares.tolist(), strict=True
            )
        ),
    )


def psi(expected: ArrayLike, observed: ArrayLike) -> float:
    """Return the population stability index: the sum over bins of (o - e) ln(o / e).

    e and o are the shares of the expected and the observed rows in a bin; shares below MIN_SHARE count as MIN_SHARE.
    The index is 0 for equal distributions, never negative, and symmetric. It is Jeffreys' divergence (H. Jeffreys, An
    invariant form for the prior probability in estimation problems, 1946) under its name in credit scoring (N. Siddiqi,
    Credit Risk Scorecards, 2006). `expected` and `observed` are rows per bin, of shape (n_bins,), with at least one row
    each.
    """
    expected_rows, observed_rows = np.asarray(expected, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    e = np.maximum(expected_rows / expected_rows.sum(), MIN_SHARE)
    o = np.maximum(observed_rows / observed_rows.sum(), MIN_SHARE)
    return float(((o - e) * np.log(o / e)).sum())


def psi_by_chance(n_bins: int, n_expected: float, n_observed: float) -> float:
    """Return the 95th percentile of the index between two samples of one distribution.

    The index is then distributed as (1 / n_expected + 1 / n_observed) times chi-squared with n_bins - 1 degrees of
    freedom (B. Yurdakul, Statistical properties of population stability index, 2018). The percentile of chi-squared is
    approximated as E. B. Wilson and M. M. Hilferty do (The distribution of chi-square, 1931).
    """
    degrees_of_freedom = n_bins - 1
    if not degrees_of_freedom:
        return 0.0
    variance = 2 / (9 * degrees_of_freedom)
    chi_squared = degrees_of_freedom * (1 - variance + 1.6449 * sqrt(variance)) ** 3
    return chi_squared * (1 / n_expected + 1 / n_observed)
