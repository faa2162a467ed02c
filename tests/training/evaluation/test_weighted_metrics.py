"""Weighted metrics are those of `evaluate_predictions`, of rows that are repeated as often as their weight says."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.bundle.manifest import Task
from training.evaluation.evaluate import evaluate_predictions
from training.evaluation.metrics import HEADLINE
from training.evaluation.weighted_metrics import headline_metrics

LABELS: dict[Task, tuple[str, ...] | None] = {"binary": ("a", "b"), "multiclass": ("a", "b", "c"), "regression": None}
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
N = 60


def case(task: Task, decimals: int = 1) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Truth and predictions, with many ties among the probabilities."""
    random = np.random.default_rng(2)
    if task == "regression":
        return random.normal(size=N), random.normal(size=(N, 1))
    width = len(LABELS[task] or ())
    scores = random.random((N, width)).round(decimals) + 0.1
    return random.integers(width, size=N), scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("task", TASKS)
def test_with_weights_of_one_they_are_the_headline_of_evaluate(task: Task) -> None:
    truth, predictions = case(task)
    expected = evaluate_predictions(task, LABELS[task], truth, predictions, 0.4).metrics
    found = headline_metrics(task, truth, predictions, 0.4)(np.ones(N))
    assert set(found) == set(HEADLINE[task])
    assert found == pytest.approx({name: expected[name] for name in found})


@pytest.mark.parametrize("task", TASKS)
def test_a_weight_of_two_is_a_row_repeated_and_one_of_none_a_row_left_out(task: Task) -> None:
    truth, predictions = case(task)
    weights = np.random.default_rng(3).integers(0, 3, N)
    repeated = np.repeat(np.arange(N), weights)
    expected = evaluate_predictions(task, LABELS[task], truth[repeated], predictions[repeated]).metrics
    found = headline_metrics(task, truth, predictions, 0.5)(weights.astype(np.float64))
    assert found == pytest.approx({name: expected[name] for name in found})


def test_one_label_alone_leaves_ranks_undefined() -> None:
    found = headline_metrics("binary", np.zeros(5, dtype=np.int64), np.full((5, 2), 0.5), 0.5)(np.ones(5))
    assert np.isnan([found["roc_auc"], found["pr_auc"], found["f1"]]).all()
    assert found["accuracy"] == 0.0


def test_a_constant_target_leaves_r2_undefined() -> None:
    assert np.isnan(headline_metrics("regression", np.ones(5), np.zeros((5, 1)), 0.5)(np.ones(5))["r2"])
