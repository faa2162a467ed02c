"""Bin edges for the piecewise-linear encoding of a number, placed where the train split's targets change."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeRegressor

MIN_ROWS = 32
"""Train rows per bin, so that the number of bins grows with the rows; smaller bins would encode noise."""

MIN_WIDTH = 1e-3
"""Smallest width of a bin, in standard deviations.

A narrower bin would make the encoding nearly a step, whose value rounding decides.
"""

MAX_BINS = 64


def default_bins(n_rows: int) -> int:
    """Return the cube root of the train rows, as for an optimal histogram (Scott, 1979), at most MAX_BINS."""
    return min(round(float(np.cbrt(n_rows))), MAX_BINS)


def bin_edges(values: NDArray[np.float32], targets: NDArray[Any], max_bins: int) -> NDArray[np.float32]:
    """Return the ascending edges, smallest to largest value, of at most `max_bins` bins; none if one bin would do.

    The inner edges are the thresholds of a decision tree on this one number, the target-aware bins of Gorishniy et
    al., "On embeddings for numerical features in tabular deep learning", 2022. `values` has shape (n_rows,);
    `targets` are those of `training.data.normalize.Examples`.
    """
    if max_bins < 2:
        return np.empty(0, dtype=np.float32)
    tree = DecisionTreeRegressor(max_leaf_nodes=max_bins, min_samples_leaf=MIN_ROWS, random_state=0)
    fitted = tree.fit(values[:, None], _responses(targets)).tree_
    inner = np.sort(fitted.threshold[fitted.feature >= 0])
    edges = [float(values.min())]
    for edge in (*inner, float(values.max())):
        if edge - edges[-1] >= MIN_WIDTH:
            edges.append(float(edge))
    return np.array(edges if len(edges) > 2 else [], dtype=np.float32)


def _responses(targets: NDArray[Any]) -> NDArray[Any]:
    """Return the targets of the tree, labels as one-hot columns, whose squared error is the Gini impurity."""
    if targets.ndim == 2:
        return targets
    one_hot: NDArray[np.float32] = np.eye(int(targets.max()) + 1, dtype=np.float32)[targets]
    return one_hot
