"""Numbers whose tails are heavy: the largest few make their deviation, and would squeeze the rest to nothing.

Their ranks among the train split, as quantiles of the standard normal, take the place of the standardized numbers.
"""

from bisect import bisect_right
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.bundle.normalization import NormalScores

MAX_KNOTS = 101
MIDDLE = (0.05, 0.95)
"""The share of the numbers whose width tells the deviation that a normal distribution would have."""
STRETCH = 1.3
"""Times that deviation, from which on the tails are heavy."""
EXTREME = 10.0
"""Deviations that a number lies from the mean at least, or the tails are none."""

_NORMAL = NormalDist()


class Curve:
    """The straight lines between normal scores."""

    def __init__(self, scores: NormalScores) -> None:
        self._values, self._scores = list(scores.values), list(scores.scores)
        self._arrays = np.array(scores.values), np.array(scores.scores)

    def __call__(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Float64 of shape (n_rows,)."""
        scores: NDArray[np.float64] = np.interp(numbers, *self._arrays)
        return scores

    def at(self, number: float) -> float:
        """The same of one number, to the last bit, without what a call of numpy costs."""
        above = bisect_right(self._values, number)
        if above == 0:
            return self._scores[0]
        value, score = self._values[above - 1], self._scores[above - 1]
        if above == len(self._values) or number == value:
            return score
        return (self._scores[above] - score) / (self._values[above] - value) * (number - value) + score


def has_heavy_tails(values: NDArray[np.float64], mean: float, deviation: float) -> bool:
    """Whether a number is far out, and the deviation much larger than the middle of the numbers tells of."""
    lowest, highest = float(values.min()), float(values.max())
    if not 0 < highest - lowest < np.inf or max(highest - mean, mean - lowest) < EXTREME * deviation:
        return False
    low, high = np.quantile(values, MIDDLE)
    width = _NORMAL.inv_cdf(MIDDLE[1]) - _NORMAL.inv_cdf(MIDDLE[0])
    return bool(deviation * width >= STRETCH * (high - low))


def normal_scores(values: NDArray[np.float64]) -> NormalScores:
    """Of two distinct numbers at least: at most MAX_KNOTS of them, even by rank, their ends among them.

    Equal numbers share the middle of their ranks.
    """
    distinct, counts = np.unique(values, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2) / len(values)
    even = np.linspace(ranks[0], ranks[-1], MAX_KNOTS)
    knots = np.unique(ranks.searchsorted(even)) if len(ranks) > MAX_KNOTS else np.arange(len(ranks))
    return NormalScores(
        values=tuple(distinct[knots].tolist()), scores=tuple(_NORMAL.inv_cdf(rank) for rank in ranks[knots].tolist())
    )
