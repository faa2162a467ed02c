"""A linear model of weighted n-grams, fitted before the network, which then adds what it learns to the scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, Ridge

from app.bundle.manifest import Task

N_FOLDS = 5
_PENALTIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class LinearScores:
    """A linear model a fold, fitted on the rows of the other folds, whose scores are logits, or standardized values.

    `coefficients` is float32 of shape (n_codes, N_FOLDS, n_scores), `intercepts` (N_FOLDS, n_scores).
    """

    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Models of one penalty; `scores` are of the rows that each left out, and `error` is theirs."""

    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    scores: NDArray[np.float64]
    error: float


def to_matrix(codes: NDArray[np.int32], weights: NDArray[np.float32], n_codes: int) -> Any:
    """Sparse, of shape (n_rows, n_codes), of two arrays of shape (n_rows, max_ngrams); padding weighs nothing."""
    n_rows, width = codes.shape
    matrix = csr_matrix((weights.ravel(), codes.ravel(), np.arange(n_rows + 1) * width), shape=(n_rows, n_codes))
    matrix.eliminate_zeros()
    return matrix


def folds(sums: NDArray[Any]) -> NDArray[Any]:
    """The fold of each row by the sum of its codes, so that the network can tell it, and equal texts share one."""
    return np.asarray(sums % N_FOLDS)


def fit_linear_scores(matrices: Sequence[Any], targets: NDArray[Any], task: Task) -> LinearScores:
    """Ridge regression of the targets (of each label by itself), of the penalty that errs least on rows left out.

    `matrices` are those of `to_matrix`, one a feature; `targets` are as `Examples` holds them.
    """
    matrix = csr_matrix(hstack(matrices))
    sums = sum(_code_sums(one) for one in matrices)
    goals = np.eye(int(targets.max()) + 1)[targets] if task == "multiclass" else targets.astype(np.float64)
    fitted = [_fit(matrix, goals, folds(np.asarray(sums)), penalty) for penalty in _PENALTIES]
    best = min(fitted, key=lambda one: one.error)
    if task == "regression":
        return LinearScores(best.coefficients.astype(np.float32), best.intercepts.astype(np.float32))
    slope, shift = _logits(best.scores, targets.ravel().astype(np.int64))
    return LinearScores(
        (best.coefficients @ slope).astype(np.float32), (best.intercepts @ slope + shift).astype(np.float32)
    )


def _code_sums(matrix: Any) -> NDArray[np.int64]:
    present = csr_matrix((matrix.indices.astype(np.int64), matrix.indices, matrix.indptr), shape=matrix.shape)
    return np.asarray(present.sum(axis=1), dtype=np.int64).ravel()


def _fit(matrix: Any, goals: NDArray[np.float64], fold: NDArray[Any], penalty: float) -> _Fitted:
    n_goals = goals.shape[1]
    coefficients = np.zeros((matrix.shape[1], N_FOLDS, n_goals))
    intercepts = np.tile(goals.mean(axis=0), (N_FOLDS, 1))
    scores = np.tile(goals.mean(axis=0), (len(goals), 1))
    for left_out in range(N_FOLDS):
        rest = fold != left_out
        if not rest.any():
            continue
        model = Ridge(alpha=penalty, solver="sparse_cg", tol=_TOLERANCE).fit(matrix[rest], goals[rest])
        coefficients[:, left_out] = np.reshape(model.coef_, (n_goals, -1)).T
        intercepts[left_out] = model.intercept_
        scores[~rest] = matrix[~rest] @ coefficients[:, left_out] + intercepts[left_out]
    return _Fitted(coefficients, intercepts, scores, float(((scores - goals) ** 2).mean()))


def _logits(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The matrix and the shift that make logits of scores; they are zero where all rows have one label."""
    n_scores = scores.shape[1]
    slope, shift = np.zeros((n_scores, n_scores)), np.zeros(n_scores)
    seen = np.unique(labels)
    if len(seen) > 1:
        # A ridge's scores lie close together: a penalty on the slope would hold it down.
        model = LogisticRegression(C=1e4, max_iter=1000).fit(scores, labels)
        # Of two labels the model has one logit, the second's.
        columns = seen if len(model.coef_) > 1 else seen[1:] if n_scores > 1 else [0]
        slope[:, columns], shift[columns] = model.coef_.T, model.intercept_
    return slope, shift
