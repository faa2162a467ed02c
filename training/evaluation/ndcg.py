"""How well each user's rows are ordered: the normalized discounted cumulative gain (Järvelin & Kekäläinen, 2002)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST = 10
"""Places that count."""


def ndcg(users: Sequence[str | None], truth: NDArray[Any], scores: NDArray[np.float64]) -> float | None:
    """Mean over the users that have rows to order: two or more, not all alike. None where there are none.

    A row gains what its truth is above the least of all; of rows that score alike each gains their mean, as in any
    order on average (McSherry & Najork, 2008).
    """
    gains = truth - float(truth.min())
    rows: dict[str, list[int]] = {}
    for row, user in enumerate(users):
        if user is not None:
            rows.setdefault(user, []).append(row)
    found = [_ndcg(gains[one], scores[one]) for one in rows.values() if np.ptp(gains[one]) > 0]
    return float(np.mean(found)) if found else None


def _ndcg(gains: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    discounts = 1 / np.log2(np.arange(len(gains)) + 2)
    discounts[FIRST:] = 0
    _, group = np.unique(-scores, return_inverse=True)
    places = np.sort(group)
    shared = np.bincount(places, discounts) / np.bincount(places)
    return float((gains * shared[group]).sum() / (np.sort(gains)[::-1] * discounts).sum())
