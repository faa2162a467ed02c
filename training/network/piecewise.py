"""Bins of a number, placed where the targets of the train split change: the edges of a piecewise-linear encoding."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeRegressor

MIN_ROWS = 32
"""Train rows a bin, so that the number of bins grows with the rows: fewer would tell noise."""

MIN_WIDTH = 1e-3
"""Standard deviations; over a narrower bin the encoding would be as steep as a step, and rounding would decide."""


MAX_BINS = 64


def default_bins(n_rows: int) -> int:
    """The cube root of the train rows, as a histogram's best number of bins grows, at most MAX_BINS."""
    return min(round(float(np.cbrt(n_rows))), MAX_BINS)


def bin_edges(values: NDArray[np.float32], targets: NDArray[Any], most: int) -> NDArray[np.float32]:
    """Ascending edges of at most `most` bins from the smallest to the largest value, none where one bin would do.

    The inner edges are the thresholds of a decision tree that reads this one number. `values` has shape (n_rows,);
    `targets` are those of `training.data.normalize.Examples`.
    """
    if most < 2:
        return np.empty(0, dtype=np.float32)
    tree = DecisionTreeRegressor(max_leaf_nodes=most, min_samples_leaf=MIN_ROWS, random_state=0)
    fitted = tree.fit(values[:, None], _responses(targets)).tree_
    inner = np.sort(fitted.threshold[fitted.feature >= 0])
    edges = [float(values.min())]
    for edge in (*inner, float(values.max())):
        if edge - edges[-1] >= MIN_WIDTH:
            edges.append(float(edge))
    return np.array(edges if len(edges) > 2 else [], dtype=np.float32)


def _responses(targets: NDArray[Any]) -> NDArray[Any]:
    """What a regression tree predicts: of labels a column each, whose squared error is the Gini impurity."""
    if targets.ndim == 2:
        return targets
    columns: NDArray[np.float32] = np.eye(int(targets.max()) + 1, dtype=np.float32)[targets]
    return columns
