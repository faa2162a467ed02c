"""Linear models of weighted n-grams, fitted before the network, which adds their scores to its own."""

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
"""Largest number of labels for which a second model weights the n-grams by their log-count ratios, label by label."""
_PENALTIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_TOLERANCE = 1e-3
_SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class LinearModels:
    """A linear model per fold, fitted on the other folds' rows; its scores are logits, or standardized values.

    `coefficients` is float32 of shape (n_codes, N_FOLDS, n_scores), `intercepts` of shape (N_FOLDS, n_scores).
    """

    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _CrossFit:
    """The fold models of one penalty, with their scores of the rows they left out and the error of these scores."""

    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    scores: NDArray[np.float64]
    error: float


def to_matrix(codes: NDArray[np.int32], weights: NDArray[np.float32], n_codes: int) -> Any:
    """Return a sparse matrix of shape (n_rows, n_codes) from two arrays of shape (n_rows, max_ngrams).

    Padding has weight 0 and is dropped.
    """
    n_rows, width = codes.shape
    matrix = csr_matrix((weights.ravel(), codes.ravel(), np.arange(n_rows + 1) * width), shape=(n_rows, n_codes))
    matrix.eliminate_zeros()
    return matrix


def assign_folds(code_sums: NDArray[Any]) -> NDArray[Any]:
    """Return the fold of each row from the sum of its codes.

    The network can compute it from its inputs, and equal texts share a fold.
    """
    return np.asarray(code_sums % N_FOLDS)


def fit_linear_models(matrices: Sequence[Any], targets: NDArray[Any], task: Task) -> LinearModels:
    """Fit ridge regressions of the targets (one-hot for labels), with the penalty that has the smallest held-out error.

    For labels, a second model weights the n-grams by their log-count ratios (Wang and Manning, "Baselines and bigrams",
    2012), and a logistic regression on the held-out scores of both combines them (stacking, Wolpert, 1992). `matrices`
    are those of `to_matrix`, one per feature; `targets` are those of `training.data.normalize.Examples`.
    """
    matrix = csr_matrix(hstack(matrices))
    fold = assign_folds(np.asarray(sum(_code_sums(feature) for feature in matrices)))
    responses = np.eye(int(targets.max()) + 1)[targets] if task == "multiclass" else targets.astype(np.float64)
    plain = _fit_best_penalty(matrix, responses, fold)
    if task == "regression":
        return LinearModels(plain.coefficients.astype(np.float32), plain.intercepts.astype(np.float32))
    models = [plain]
    if responses.shape[1] <= MAX_RATIO_LABELS:
        models.append(_fit_best_penalty(matrix, responses, fold, by_ratio=True))
    held_out = np.hstack([model.scores for model in models])
    slope, shift = _fit_logits(held_out, targets.ravel().astype(np.int64), responses.shape[1])
    coefficients = np.concatenate([model.coefficients for model in models], axis=2)
    intercepts = np.concatenate([model.intercepts for model in models], axis=1)
    return LinearModels((coefficients @ slope).astype(np.float32), (intercepts @ slope + shift).astype(np.float32))


def _code_sums(matrix: Any) -> NDArray[np.int64]:
    present = csr_matrix((matrix.indices.astype(np.int64), matrix.indices, matrix.indptr), shape=matrix.shape)
    return np.asarray(present.sum(axis=1), dtype=np.int64).ravel()


def _fit_best_penalty(
    matrix: Any, responses: NDArray[np.float64], fold: NDArray[Any], *, by_ratio: bool = False
) -> _CrossFit:
    kept_rows = [fold != left_out for left_out in range(N_FOLDS)]
    ratios = [
        _log_count_ratios(matrix[kept], responses[kept] > 0) if by_ratio and kept.any() else None for kept in kept_rows
    ]
    fits = [_cross_fit(matrix, responses, kept_rows, ratios, penalty) for penalty in _PENALTIES]
    return min(fits, key=lambda fit: fit.error)


def _cross_fit(
    matrix: Any,
    responses: NDArray[np.float64],
    kept_rows: Sequence[NDArray[np.bool_]],
    ratios: Sequence[NDArray[np.float64] | None],
    penalty: float,
) -> _CrossFit:
    coefficients = np.zeros((matrix.shape[1], N_FOLDS, responses.shape[1]))
    intercepts = np.tile(responses.mean(axis=0), (N_FOLDS, 1))
    scores = np.tile(responses.mean(axis=0), (len(responses), 1))
    for left_out, (kept, ratio) in enumerate(zip(kept_rows, ratios, strict=True)):
        if not kept.any():
            continue
        coefficients[:, left_out], intercepts[left_out] = (
            _ridge(matrix[kept], responses[kept], penalty)
            if ratio is None
            else _ridge_by_ratio(matrix[kept], responses[kept], ratio, penalty)
        )
        scores[~kept] = matrix[~kept] @ coefficients[:, left_out] + intercepts[left_out]
    return _CrossFit(coefficients, intercepts, scores, float(((scores - responses) ** 2).mean()))


def _ridge(matrix: Any, responses: NDArray[np.float64], penalty: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return coefficients of shape (n_codes, n_responses) and intercepts of shape (n_responses,)."""
    model = Ridge(alpha=penalty, solver="sparse_cg", tol=_TOLERANCE).fit(matrix, responses)
    return np.reshape(model.coef_, (responses.shape[1], -1)).T, np.ravel(model.intercept_)


def _ridge_by_ratio(
    matrix: Any, responses: NDArray[np.float64], ratios: NDArray[np.float64], penalty: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what `_ridge` does, each response fitted on n-grams weighted for it.

    `ratios` has shape (n_codes, n_responses).
    """
    coefficients, intercepts = np.zeros((matrix.shape[1], responses.shape[1])), np.zeros(responses.shape[1])
    for index, (response, ratio) in enumerate(zip(responses.T[:, :, None], ratios.T, strict=True)):
        weighted, intercept = _ridge(matrix @ diags(ratio), response, penalty)
        coefficients[:, index], intercepts[index] = ratio * weighted[:, 0], intercept[0]
    return coefficients, intercepts


def _log_count_ratios(matrix: Any, positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the log ratio of each n-gram's smoothed share among a label's rows to that among all other rows.

    Takes shapes (n_rows, n_codes) and (n_rows, n_responses), returns (n_codes, n_responses).
    """
    present = matrix.astype(bool).astype(np.float64)
    shares = []
    for rows in (positive, ~positive):
        counts = _SMOOTHING + present.T @ rows.astype(np.float64)
        shares.append(counts / counts.sum(axis=0))
    return np.asarray(np.log(shares[0] / shares[1]))


def _fit_logits(
    scores: NDArray[np.float64], labels: NDArray[np.int64], n_logits: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the slope and the shift that turn scores into n_logits logits; zeros if all rows have one label."""
    slope, shift = np.zeros((scores.shape[1], n_logits)), np.zeros(n_logits)
    seen = np.unique(labels)
    if len(seen) > 1:
        # A ridge's scores lie close together, so the slope is large: a stronger penalty would shrink it.
        model = LogisticRegression(C=1e4, max_iter=1000).fit(scores, labels)
        # For two labels scikit-learn fits one logit, the second label's.
        columns = seen if len(model.coef_) > 1 else seen[1:] if n_logits > 1 else [0]
        slope[:, columns], shift[columns] = model.coef_.T, model.intercept_
    return slope, shift
