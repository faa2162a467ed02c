"""A linear model of weighted n-grams, fitted before the network and read by it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

N_FOLDS = 5
_PENALTIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True)
class LinearScores:
    """Coefficients of a linear model a fold, fitted on the rows of the other folds, for standardized scores.

    `coefficients` is float32 of shape (n_codes, N_FOLDS, n_scores), `intercepts` (N_FOLDS, n_scores).
    """

    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]


def folds(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """The fold of each row, by its n-grams alone, so that the network can tell it and equal texts share one."""
    return np.asarray(codes.sum(axis=1, dtype=np.int32) % N_FOLDS, dtype=np.int32)


def fit_linear_scores(
    codes: NDArray[np.int32], weights: NDArray[np.float32], targets: NDArray[Any], n_codes: int
) -> LinearScores:
    """Ridge regression of the targets, of the penalty that errs least on the rows that a fold leaves out.

    `codes` and `weights` have the shape (n_rows, max_ngrams); integer targets (n_rows,) are labels, each scored by
    itself, others (n_rows, 1) are what is scored.
    """
    n_rows, width = codes.shape
    matrix = csr_matrix((weights.ravel(), codes.ravel(), np.arange(n_rows + 1) * width), shape=(n_rows, n_codes))
    matrix.eliminate_zeros()
    goals = np.eye(targets.max() + 1)[targets] if targets.ndim == 1 else targets.astype(np.float64)
    fold = folds(codes)
    fitted = [_fit(matrix, goals, fold, penalty) for penalty in _PENALTIES]
    coefficients, intercepts, scores, _ = min(fitted, key=lambda one: one[-1])
    mean, scale = scores.mean(axis=0), np.maximum(scores.std(axis=0), 1e-6)
    return LinearScores((coefficients / scale).astype(np.float32), ((intercepts - mean) / scale).astype(np.float32))


def _fit(matrix: Any, goals: NDArray[np.float64], fold: NDArray[np.int32], penalty: float) -> tuple[Any, ...]:
    """Coefficients, intercepts, the scores of the rows left out, and their squared error."""
    n_goals = goals.shape[1]
    coefficients = np.zeros((matrix.shape[1], N_FOLDS, n_goals))
    intercepts = np.tile(goals.mean(axis=0), (N_FOLDS, 1))
    scores = np.tile(goals.mean(axis=0), (len(goals), 1))
    for left_out in np.unique(fold):
        rest = fold != left_out
        if not rest.any():
            continue
        model = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-3).fit(matrix[rest], goals[rest])
        coefficients[:, left_out] = np.reshape(model.coef_, (n_goals, -1)).T
        intercepts[left_out] = model.intercept_
        scores[~rest] = matrix[~rest] @ coefficients[:, left_out] + intercepts[left_out]
    return coefficients, intercepts, scores, float(((scores - goals) ** 2).mean())
