"""Linear models of weighted n-grams, fitted before the network, which then adds what it learns to their scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.linear_model import LogisticRegression, Ridge

from app.bundle.manifest import Task

N_FOLDS = 5
MAX_RATIO_LABELS = 20
"""Labels up to which n-grams are also weighted by how they part each label from the others: a model a label."""
_PENALTIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_TOLERANCE = 1e-3
_SMOOTHING = 0.5


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

    Of labels there are two, the second of n-grams weighted by their log-count ratio (Wang and Manning, 2012), and a
    logistic regression of both models' scores of rows left out joins them (stacking, Wolpert 1992). `matrices` are
    those of `to_matrix`, one a feature; `targets` are as `Examples` holds them.
    """
    matrix = csr_matrix(hstack(matrices))
    fold = folds(np.asarray(sum(_code_sums(one) for one in matrices)))
    goals = np.eye(int(targets.max()) + 1)[targets] if task == "multiclass" else targets.astype(np.float64)
    plain = _best(matrix, goals, fold)
    if task == "regression":
        return LinearScores(plain.coefficients.astype(np.float32), plain.intercepts.astype(np.float32))
    models = [plain]
    if goals.shape[1] <= MAX_RATIO_LABELS:
        models.append(_best(matrix, goals, fold, by_ratio=True))
    slope, shift = _logits(np.hstack([one.scores for one in models]), targets.ravel().astype(np.int64), goals.shape[1])
    coefficients = np.concatenate([one.coefficients for one in models], axis=2)
    intercepts = np.concatenate([one.intercepts for one in models], axis=1)
    return LinearScores((coefficients @ slope).astype(np.float32), (intercepts @ slope + shift).astype(np.float32))


def _code_sums(matrix: Any) -> NDArray[np.int64]:
    present = csr_matrix((matrix.indices.astype(np.int64), matrix.indices, matrix.indptr), shape=matrix.shape)
    return np.asarray(present.sum(axis=1), dtype=np.int64).ravel()


def _best(matrix: Any, goals: NDArray[np.float64], fold: NDArray[Any], *, by_ratio: bool = False) -> _Fitted:
    rests = [fold != left_out for left_out in range(N_FOLDS)]
    ratios = [_log_count_ratios(matrix[rest], goals[rest] > 0) if by_ratio and rest.any() else None for rest in rests]
    fitted = [_fit(matrix, goals, rests, ratios, penalty) for penalty in _PENALTIES]
    return min(fitted, key=lambda one: one.error)


def _fit(
    matrix: Any,
    goals: NDArray[np.float64],
    rests: Sequence[NDArray[np.bool_]],
    ratios: Sequence[NDArray[np.float64] | None],
    penalty: float,
) -> _Fitted:
    coefficients = np.zeros((matrix.shape[1], N_FOLDS, goals.shape[1]))
    intercepts = np.tile(goals.mean(axis=0), (N_FOLDS, 1))
    scores = np.tile(goals.mean(axis=0), (len(goals), 1))
    for left_out, (rest, ratio) in enumerate(zip(rests, ratios, strict=True)):
        if not rest.any():
            continue
        found = (
            _ridge(matrix[rest], goals[rest], penalty)
            if ratio is None
            else _ridge_by_ratio(matrix[rest], goals[rest], ratio, penalty)
        )
        coefficients[:, left_out], intercepts[left_out] = found
        scores[~rest] = matrix[~rest] @ coefficients[:, left_out] + intercepts[left_out]
    return _Fitted(coefficients, intercepts, scores, float(((scores - goals) ** 2).mean()))


def _ridge(matrix: Any, goals: NDArray[np.float64], penalty: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Coefficients of shape (n_codes, n_goals) and intercepts of shape (n_goals,)."""
    model = Ridge(alpha=penalty, solver="sparse_cg", tol=_TOLERANCE).fit(matrix, goals)
    return np.reshape(model.coef_, (goals.shape[1], -1)).T, np.ravel(model.intercept_)


def _ridge_by_ratio(
    matrix: Any, goals: NDArray[np.float64], ratios: NDArray[np.float64], penalty: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """As `_ridge`, each goal by itself with the n-grams weighted for it; `ratios` is of shape (n_codes, n_goals)."""
    coefficients, intercepts = np.zeros((matrix.shape[1], goals.shape[1])), np.zeros(goals.shape[1])
    for index, (goal, ratio) in enumerate(zip(goals.T[:, :, None], ratios.T, strict=True)):
        found, intercept = _ridge(matrix @ diags(ratio), goal, penalty)
        coefficients[:, index], intercepts[index] = ratio * found[:, 0], intercept[0]
    return coefficients, intercepts


def _log_count_ratios(matrix: Any, positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log of how much larger a share of a goal's positive rows' n-grams each is than of the others', smoothed.

    Of shape (n_codes, n_goals), from (n_rows, n_codes) and (n_rows, n_goals).
    """
    present = matrix.astype(bool).astype(np.float64)
    shares = []
    for rows in (positive, ~positive):
        counts = _SMOOTHING + present.T @ rows.astype(np.float64)
        shares.append(counts / counts.sum(axis=0))
    return np.asarray(np.log(shares[0] / shares[1]))


def _logits(scores: NDArray[np.float64], labels: NDArray[np.int64], n_logits: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The matrix and the shift that make n_logits of scores; they are zero where all rows have one label."""
    slope, shift = np.zeros((scores.shape[1], n_logits)), np.zeros(n_logits)
    seen = np.unique(labels)
    if len(seen) > 1:
        # A ridge's scores lie close together: a penalty on the slope would hold it down.
        model = LogisticRegression(C=1e4, max_iter=1000).fit(scores, labels)
        # Of two labels the model has one logit, the second's.
        columns = seen if len(model.coef_) > 1 else seen[1:] if n_logits > 1 else [0]
        slope[:, columns], shift[columns] = model.coef_.T, model.intercept_
    return slope, shift
