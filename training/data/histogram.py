"""Histograms that stay readable in spite of outliers."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ValueHistogram:
    """The `counts` of n equal bins between n + 1 ascending `edges`; the outermost also count all beyond `range`."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    range: tuple[float, float]


def histogram(values: NDArray[np.float64], n_bins: int) -> ValueHistogram:
    """Count finite values, one or more, in at most n_bins bins over their middle 99 %; integers fill whole bins."""
    low, high = (float(value) for value in np.percentile(values, (0.5, 99.5)))
    if low == high:
        low, high = float(values.min()), float(values.max())
    first, last = low, high
    if (values == np.round(values)).all():
        # Bins narrower than a step would hold one integer or none by turns, like the teeth of a comb.
        low, high = math.floor(low), math.ceil(high)
        width = math.ceil((high - low + 1) / n_bins)
        n_bins = math.ceil((high - low + 1) / width)
        first, last = low - 0.5, low - 0.5 + width * n_bins
    counts, edges = np.histogram(np.clip(values, low, high), bins=n_bins, range=(first, last))
    return ValueHistogram(tuple(edges.tolist()), tuple(counts.tolist()), (low, high))
