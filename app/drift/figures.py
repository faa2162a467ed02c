"""What a window's counts say: indices and rates of each feature, and of the scores."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.bundle.bins.base import Bin
from app.drift.window import HALF_LIFE_ROWS, Window

LEAST_ROWS = 200
"""With fewer, chance alone takes the index of the 23 bins of a category beyond 0.17, which reads like drift."""

LEAST_SHARE = 1e-4
"""What a share counts as where it is less, so that an empty bin gives a large index and not an infinite one."""


@dataclass(frozen=True, slots=True)
class Share:
    """The share of the rows that a bin holds in the reference, and in the window."""

    bin: str
    expected: float
    observed: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the scores or of one feature: `rates` are shares of the window's rows by what is wrong with them."""

    psi: float
    psi_by_chance: float
    rates: dict[str, float]
    bins: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures of a model, of `rows` rows (weighted by their age); of the features by name and quantity."""

    rows: float
    score: Figures
    features: dict[tuple[str, str], Figures]


def measure(window: Window, counts: NDArray[np.float64]) -> Measured | None:
    """The figures of a window's counts, those of several workers added up; None with fewer than LEAST_ROWS rows."""
    rows = n_rows(window, counts)
    if rows < LEAST_ROWS:
        return None
    *features, score = (_figures(bins, found) for bins, found in _parts(window, counts))
    watched = [(one.name, one.quantity) for one in window.features]
    return Measured(rows, score, dict(zip(watched, features, strict=True)))


def n_rows(window: Window, counts: NDArray[np.float64]) -> float:
    """Rows of a window's counts, weighted by their age."""
    return float(counts[-len(window.score.bins) :].sum())


def describe(window: Window | None, counts: NDArray[np.float64] | None, *, wanted: bool) -> dict[str, Any]:
    """The figures of a model as JSON takes them, or why there are none; `wanted` is the setting."""
    if window is None or counts is None:
        return {"status": "the bundle has no reference" if wanted else "switched off (SLIPWAY_DRIFT)"}
    measured = measure(window, counts)
    size = {"rows": n_rows(window, counts), "half_life_rows": HALF_LIFE_ROWS, "least_rows": LEAST_ROWS}
    if measured is None:
        return {"status": "too few rows yet", "window": size}
    features = [
        {"name": name, "quantity": quantity, **asdict(one)} for (name, quantity), one in measured.features.items()
    ]
    return {"status": "measured", "window": size, "score": asdict(measured.score), "features": features}


def _parts(window: Window, counts: NDArray[np.float64]) -> Iterator[tuple[Sequence[Bin], NDArray[np.float64]]]:
    first = 0
    for counter in window.counters:
        yield counter.bins, counts[first : first + len(counter.bins)]
        first += len(counter.bins)


def _figures(bins: Sequence[Bin], observed: NDArray[np.float64]) -> Figures:
    expected = np.array([one.expected for one in bins], dtype=np.float64)
    shares = observed / observed.sum()
    rates: dict[str, float] = {}
    for one, share in zip(bins, shares.tolist(), strict=True):
        if one.role != "value":
            rates[one.role] = rates.get(one.role, 0.0) + share
    return Figures(
        psi=psi(expected, observed),
        psi_by_chance=psi_by_chance(len(bins), float(expected.sum()), float(observed.sum())),
        rates=rates,
        bins=tuple(
            Share(one.label, *both)
            for one, *both in zip(bins, (expected / expected.sum()).tolist(), shares.tolist(), strict=True)
        ),
    )


def psi(expected: ArrayLike, observed: ArrayLike) -> float:
    """Sum over bins of (o - e) ln(o / e), where e and o are the shares of the expected and the observed rows.

    From 0 (the same distribution) upwards, and the same in both directions: it is Jeffreys' divergence (Jeffreys 1946),
    known in credit scoring as the population stability index (Siddiqi, Credit Risk Scorecards, 2006). `expected` and
    `observed` are rows a bin, of shape (n_bins,), at least one row each; shares below LEAST_SHARE count as that.
    """
    first, second = np.asarray(expected, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    e, o = np.maximum(first / first.sum(), LEAST_SHARE), np.maximum(second / second.sum(), LEAST_SHARE)
    return float(((o - e) * np.log(o / e)).sum())


def psi_by_chance(n_bins: int, n_expected: float, n_observed: float) -> float:
    """What the index of two samples of one distribution stays below in 19 of 20 cases.

    It follows (1 / n_expected + 1 / n_observed) times chi-squared with n_bins - 1 degrees of freedom (Yurdakul,
    Statistical properties of population stability index, 2018), here by the approximation of Wilson and Hilferty.
    """
    freedom = n_bins - 1
    if not freedom:
        return 0.0
    spread = 2 / (9 * freedom)
    chi_squared = freedom * (1 - spread + 1.6449 * sqrt(spread)) ** 3
    return chi_squared * (1 / n_expected + 1 / n_observed)
