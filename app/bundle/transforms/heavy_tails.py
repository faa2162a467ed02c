"""Normal scores for numbers with heavy tails, whose few largest values would set the deviation and squeeze the rest.

The quantiles of the standard normal at the numbers' ranks in the train split replace the standardized numbers.
"""

from bisect import bisect_right
from itertools import pairwise
from statistics import NormalDist
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from app.bundle.errors import BundleModel

MAX_KNOTS = 101
MIDDLE = (0.05, 0.95)
"""The quantiles whose distance gives the deviation that a normal distribution would have."""
STRETCH = 1.3
"""Tails are heavy from this many times that deviation."""
EXTREME = 10.0
"""Tails are heavy only where a number lies at least this many deviations from the mean."""

_NORMAL = NormalDist()


class NormalScores(BundleModel):
    """A curve from quantiles of a number to those of the standard normal, both ascending; constant beyond its ends."""

    values: Annotated[tuple[float, ...], Field(min_length=2)]
    scores: tuple[float, ...]

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        if len(self.values) != len(self.scores):
            raise ValueError(f"each value needs a score, received {len(self.values)} and {len(self.scores)}")
        if any(low >= high for line in (self.values, self.scores) for low, high in pairwise(line)):
            raise ValueError("values and scores must ascend")
        return self


class Curve:
    """The linear interpolation of normal scores."""

    def __init__(self, scores: NormalScores) -> None:
        self._values, self._scores = list(scores.values), list(scores.scores)
        self._arrays = np.array(scores.values), np.array(scores.scores)

    def __call__(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores of the numbers, float64 of shape (n_rows,)."""
        scores: NDArray[np.float64] = np.interp(numbers, *self._arrays)
        return scores

    def at(self, number: float) -> float:
        """Return the score of one number, equal to numpy's to the last bit, at less cost than numpy's call."""
        above = bisect_right(self._values, number)
        if above == 0:
            return self._scores[0]
        value, score = self._values[above - 1], self._scores[above - 1]
        if above == len(self._values) or number == value:
            return score
        return (self._scores[above] - score) / (self._values[above] - value) * (number - value) + score


def has_heavy_tails(values: NDArray[np.float64], mean: float, deviation: float) -> bool:
    """Return whether a number lies far out and the deviation is much larger than the middle quantiles suggest."""
    lowest, highest = float(values.min()), float(values.max())
    if not 0 < highest - lowest < np.inf or max(highest - mean, mean - lowest) < EXTREME * deviation:
        return False
    low, high = np.quantile(values, MIDDLE)
    width = _NORMAL.inv_cdf(MIDDLE[1]) - _NORMAL.inv_cdf(MIDDLE[0])
    return bool(deviation * width >= STRETCH * (high - low))


def normal_scores(values: NDArray[np.float64]) -> NormalScores:
    """Return normal scores at up to MAX_KNOTS of at least two distinct numbers, evenly spaced by rank, ends included.

    Equal numbers share the middle of their ranks.
    """
    distinct, counts = np.unique(values, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2) / len(values)
    even = np.linspace(ranks[0], ranks[-1], MAX_KNOTS)
    knots = np.unique(ranks.searchsorted(even)) if len(ranks) > MAX_KNOTS else np.arange(len(ranks))
    return NormalScores(
        values=tuple(distinct[knots].tolist()), scores=tuple(_NORMAL.inv_cdf(rank) for rank in ranks[knots].tolist())
    )
