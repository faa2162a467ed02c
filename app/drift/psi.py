"""The population stability index, and what of it chance alone explains."""

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

LEAST_SHARE = 1e-4
"""What a share counts as where it is less, so that an empty bin gives a large index and not an infinite one."""


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
