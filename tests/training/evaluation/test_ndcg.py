"""NDCG@10: whether a user's rows are in the right order."""

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from training.evaluation.ndcg import mean_ndcg


def test_it_is_what_scikit_learn_says_ties_and_more_than_ten_rows_included() -> None:
    random = np.random.default_rng(0)
    truth, scores = random.integers(0, 5, 25).astype(float), random.integers(0, 6, 25) / 5
    expected = ndcg_score([truth - truth.min()], [scores], k=10)
    assert mean_ndcg(["ann"] * 25, truth, scores) == pytest.approx(expected)


def test_the_right_order_is_perfect_and_the_mean_is_over_users() -> None:
    truth = np.array([1.0, 2.0, 5.0, 1.0])
    assert mean_ndcg(["a", "a", "b", "b"], truth, truth) == 1
    wrong = mean_ndcg(["a", "a", "b", "b"], truth, np.array([1.0, 2.0, 0.0, 1.0]))
    assert wrong == pytest.approx((1 + 1 / np.log2(3)) / 2)


def test_users_without_an_order_do_not_count() -> None:
    truth = np.array([1.0, 2.0, 3.0, 3.0, 0.0])
    assert mean_ndcg(["a", "a", "same", "same", "alone"], truth, truth) == 1
    assert mean_ndcg(["same", "same", None, None], np.array([1, 1, 0, 2]), np.zeros(4)) is None
