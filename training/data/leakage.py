"""Columns that a model should not learn from: identifiers, and those that leak the target.

Tests: tests/training/data/test_cleaning.py (columns that leak the target or identify rows)
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from app.bundle.manifest import Task

NEARLY = 0.99
MIN_ROWS_TO_IDENTIFY = 20
MIN_SUPPORT = 100
"""Rows needed as evidence of leakage: of the second most frequent label, or of all in a regression."""
LEFT_TO_EXPLAIN = {"binary": 0.01, "multiclass": 0.01, "regression": 0.001}
"""A column leaks if alone it leaves at most this share of the errors (or variance) of a constant prediction."""
_MIN_GROUP = 5
_ID_NAME = re.compile(r"(?:^|[_\W])(?i:id|uuid|guid|index|rowid)$|[a-z](?:Id|ID)$|^(?i:id|uuid|guid)(?:$|[_\W])")


def numbers_identify(name: str, values: NDArray[np.float64]) -> bool:
    """Return whether the numbers (NaN where missing) identify the rows rather than measure something."""
    filled = values[~np.isnan(values)]
    if filled.size < MIN_ROWS_TO_IDENTIFY or (filled != np.round(filled)).any():
        return False
    distinct = np.unique(filled)
    if distinct.size < NEARLY * filled.size:
        return False
    consecutive = distinct[-1] - distinct[0] < 2 * filled.size
    lengths = {len(f"{abs(value):.0f}") for value in (distinct[0], distinct[-1])}
    return bool(consecutive or _named_id(name) or (len(lengths) == 1 and min(lengths) >= 6))


def texts_identify(name: str, cells: Sequence[str | None]) -> bool:
    """Return whether nearly every row has a different text, so that the column identifies rows."""
    filled = [cell for cell in cells if cell is not None]
    share = len(set(filled)) / max(len(filled), 1)
    return len(filled) >= MIN_ROWS_TO_IDENTIFY and (share >= NEARLY or (share > 0.5 and _named_id(name)))


def leaks_target(values: Sequence[Any] | NDArray[np.float64], target: NDArray[Any], task: Task) -> str | None:
    """Return the evidence that a column alone (almost) determines the target, or None.

    Rows are grouped by the column's value (categories) or by ranges of it that a small decision tree finds (numbers);
    groups of fewer than 5 rows count as unexplained. For a regression, the correlation of values and of ranks is
    considered as well. A legitimate predictor, however good, leaves far more unexplained than LEFT_TO_EXPLAIN.
    """
    support = len(target) if task == "regression" else int(np.sort(np.bincount(target))[-2])
    if support < MIN_SUPPORT:
        return None
    groups = _group(values, target, task)
    if task == "regression":
        left = min(_unexplained_by_groups(groups, target), _unexplained_by_line(values, target))
        evidence = f"alone it explains {1 - left:.2%} of the target's variance"
    else:
        errors, constant_errors = _errors(groups, target), len(target) - int(np.bincount(target).max())
        left = errors / constant_errors
        evidence = f"alone it determines the target in {len(target) - errors} of {len(target)} rows"
    return evidence if left <= LEFT_TO_EXPLAIN[task] else None


def _group(values: Sequence[Any] | NDArray[np.float64], target: NDArray[Any], task: Task) -> NDArray[np.int64]:
    if isinstance(values, np.ndarray):
        model = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
        leaves = 200 if task == "regression" else 4 * len(np.unique(target))
        tree = model(max_leaf_nodes=leaves, min_samples_leaf=_MIN_GROUP, random_state=0)
        column = values.reshape(-1, 1)
        return np.asarray(tree.fit(column, target).apply(column.astype(np.float32)), dtype=np.int64)
    codes: dict[Any, int] = {}
    return np.array([codes.setdefault(value, len(codes)) for value in values], dtype=np.int64)


def _errors(groups: NDArray[np.int64], target: NDArray[np.int64]) -> int:
    """Count the rows without their group's most frequent label, or, in a small group, without the table's."""
    _, groups = np.unique(groups, return_inverse=True)
    counts = np.zeros((groups.max() + 1, target.max() + 1), dtype=np.int64)
    np.add.at(counts, (groups, target), 1)
    sizes = counts.sum(axis=1)
    right = np.where(sizes >= _MIN_GROUP, counts.max(axis=1), counts[:, counts.sum(axis=0).argmax()])
    return int(sizes.sum() - right.sum())


def _unexplained_by_groups(groups: NDArray[np.int64], target: NDArray[np.float64]) -> float:
    _, groups = np.unique(groups, return_inverse=True)
    sizes = np.bincount(groups)
    means = np.where(sizes >= _MIN_GROUP, np.bincount(groups, target) / sizes, target.mean())
    return float(((target - means[groups]) ** 2).sum() / ((target - target.mean()) ** 2).sum())


def _unexplained_by_line(values: Sequence[Any] | NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Return 1 - r² by Pearson's or Spearman's correlation, whichever is smaller; 1 for categories and gaps."""
    if not isinstance(values, np.ndarray):
        return 1.0
    filled = ~np.isnan(values)
    values, target = values[filled], target[filled]
    if filled.mean() < NEARLY or values.min() == values.max() or target.min() == target.max():
        return 1.0
    pairs = ((values, target), (rankdata(values), rankdata(target)))
    return min(1.0 - float(np.corrcoef(*pair)[0, 1]) ** 2 for pair in pairs)


def _named_id(name: str) -> bool:
    return bool(_ID_NAME.search(name))
