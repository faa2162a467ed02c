"""Ranking quality for each user: the normalized discounted cumulative gain (Järvelin & Kekäläinen, 2002)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

K = 10
"""Ranks that count, as in NDCG@10."""


def mean_ndcg(users: Sequence[str | None], truth: NDArray[Any], scores: NDArray[np.float64]) -> float | None:
    """Return the mean NDCG@10 over the users with two rows or more whose truth differs; None where there are none.

    `truth` and `scores` are of shape (n_rows,). A row's gain is its truth above the smallest of all rows. Tied scores
    share their ranks' mean discount, as in scikit-learn's `ndcg_score` (McSherry & Najork, 2008).
    """
    gains = truth - float(truth.min())
    rows_by_user: dict[str, list[int]] = {}
    for row, user in enumerate(users):
        if user is not None:
            rows_by_user.setdefault(user, []).append(row)
    values = [_ndcg(gains[rows], scores[rows]) for rows in rows_by_user.values() if np.ptp(gains[rows]) > 0]
    return float(np.mean(values)) if values else None


def _ndcg(gains: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    discounts = 1 / np.log2(np.arange(len(gains)) + 2)
    discounts[K:] = 0
    _, tie = np.unique(-scores, return_inverse=True)
    ranked_ties = np.sort(tie)
    mean_discounts = np.bincount(ranked_ties, discounts) / np.bincount(ranked_ties)
    return float((gains * mean_discounts[tie]).sum() / (np.sort(gains)[::-1] * discounts).sum())
