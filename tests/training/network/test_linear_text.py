"""The linear models of n-grams."""

from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from training.network.linear_text import N_FOLDS, assign_folds, fit_linear_models, to_matrix

N, N_CODES = 400, 50


def texts(seed: int = 0) -> tuple[Any, Any]:
    """Return rows of ten of 49 n-grams, each of weight 1 / √10."""
    random = np.random.default_rng(seed)
    codes = np.array([random.choice(np.arange(1, N_CODES), 10, replace=False) for _ in range(N)], dtype=np.int32)
    return codes, np.full(codes.shape, 10**-0.5, dtype=np.float32)


def fit(codes: Any, weights: Any, target: Any, task: Task) -> Any:
    return fit_linear_models([to_matrix(codes, weights, N_CODES)], target, task)


def scores(fitted: Any, codes: Any, weights: Any) -> Any:
    """Return the scores of each fold's model, of shape (n_rows, N_FOLDS, n_scores)."""
    return (fitted.coefficients[codes] * weights[:, :, None, None]).sum(axis=1) + fitted.intercepts


def test_a_binary_target_has_one_score_that_ranks_it() -> None:
    codes, weights = texts()
    target = (codes == 7).any(axis=1).astype(np.float32)[:, None]
    fitted = fit(codes, weights, target, "binary")
    ranked = scores(fitted, codes, weights).mean(axis=1)
    assert ranked[target == 1].min() > ranked[target == 0].max()


def test_labels_have_a_score_each() -> None:
    codes, weights = texts()
    target = (codes == 7).any(axis=1) + 2 * ((codes == 8).any(axis=1) & ~(codes == 7).any(axis=1))
    fitted = fit(codes, weights, target.astype(np.int32), "multiclass")
    assert scores(fitted, codes, weights).shape == (N, N_FOLDS, 3)
    assert (scores(fitted, codes, weights).mean(axis=1).argmax(axis=1) == target).mean() > 0.9


def test_a_fold_s_model_never_saw_the_fold() -> None:
    """It cannot predict noise, while the models that saw the rows seem to."""
    codes, weights = texts()
    target = np.random.default_rng(1).normal(size=(N, 1)).astype(np.float32)
    every = scores(fit(codes, weights, target, "regression"), codes, weights)[:, :, 0]
    own = every[np.arange(N), assign_folds(codes.sum(axis=1))]
    others = every[np.arange(N), (assign_folds(codes.sum(axis=1)) + 1) % N_FOLDS]
    assert abs(np.corrcoef(own, target[:, 0])[0, 1]) < 0.15 < np.corrcoef(others, target[:, 0])[0, 1]


def test_rows_without_n_grams_are_scored_too() -> None:
    codes, weights = np.zeros((6, 4), dtype=np.int32), np.zeros((6, 4), dtype=np.float32)
    fitted = fit(codes, weights, np.array([0, 1, 2, 1, 0, 1], dtype=np.int32), "multiclass")
    assert np.isfinite(scores(fitted, codes, weights)).all()


@pytest.mark.parametrize("n_rows", [1, 2])
def test_few_rows_are_enough_to_answer(n_rows: int) -> None:
    codes, weights = (array[:n_rows] for array in texts())
    fitted = fit(codes, weights, np.ones((n_rows, 1), dtype=np.float32), "binary")
    assert np.isfinite(fitted.coefficients).all()


def test_a_score_is_the_logit_of_a_share() -> None:
    """A model's mean probability for the rows it left out equals their share of positives."""
    codes, weights = texts()
    chance = np.random.default_rng(2).random(N)
    target = (chance < np.where((codes == 7).any(axis=1), 0.9, 0.3)).astype(np.float32)[:, None]
    every = scores(fit(codes, weights, target, "binary"), codes, weights)[:, :, 0]
    own = every[np.arange(N), assign_folds(codes.sum(axis=1))]
    assert (1 / (1 + np.exp(-own))).mean() == pytest.approx(target.mean(), abs=0.01)


def test_n_grams_are_weighted_by_how_they_separate_the_labels() -> None:
    """With few rows and many n-grams of noise, those that separate the labels outweigh chance."""
    codes, weights = texts()
    target = ((codes % 7) == 0).any(axis=1).astype(np.float32)[:, None]
    both = fit(codes, weights, target, "binary").coefficients.mean(axis=1)[:, 0]
    separating = np.arange(N_CODES) % 7 == 0
    separating[0] = False
    assert both[separating].min() > both[1:][~separating[1:]].max()
