"""The threshold and the band that the configuration asks for, by the rows of the validation split."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from tests import bundles
from tests.training.releases import make_release
from training.config import Config, DecisionConfig, check_decision
from training.errors import InputError, ParityError
from training.evaluation.decision import Decision, choose_threshold
from training.evaluation.trained_model import with_decision

random = np.random.default_rng(5)
POSITIVE = random.random(400)
TRUTH = (random.random(400) < POSITIVE**2).astype(np.int64)


def counts(threshold: float) -> tuple[int, int, int]:
    """True positives, false positives and false negatives."""
    said = decide(np.stack([1 - POSITIVE, POSITIVE], axis=1), threshold) == 1
    return int((said & (TRUTH == 1)).sum()), int((said & (TRUTH == 0)).sum()), int((~said & (TRUTH == 1)).sum())


def every() -> np.ndarray:
    return np.concatenate([POSITIVE, [1.0]])


def chosen(**wanted: Any) -> float:
    return choose_threshold(POSITIVE, TRUTH, DecisionConfig(**wanted))


def test_one_half_is_kept_where_nothing_is_asked_for() -> None:
    assert chosen() == 0.5


def test_no_other_threshold_has_a_larger_f1() -> None:
    def f1(threshold: float) -> float:
        found, alarms, missed = counts(threshold)
        return 2 * found / (2 * found + alarms + missed) if found else 0.0

    assert f1(chosen(optimize="f1")) == max(f1(one) for one in every())


@pytest.mark.parametrize(("alarm", "miss"), [(1, 10), (10, 1), (1, 0)])
def test_no_other_threshold_costs_less(alarm: float, miss: float) -> None:
    def cost(threshold: float) -> float:
        _, alarms, missed = counts(threshold)
        return alarm * alarms + miss * missed

    found = chosen(optimize="cost", cost_false_positive=alarm, cost_false_negative=miss)
    assert cost(found) == min(cost(one) for one in every())


def test_a_wanted_precision_is_reached_with_the_largest_recall() -> None:
    def precision(threshold: float) -> float:
        found, alarms, _ = counts(threshold)
        return found / (found + alarms) if found else 0.0

    threshold = chosen(optimize="precision", at_least=0.7)
    assert precision(threshold) >= 0.7
    assert counts(threshold)[0] == max(counts(one)[0] for one in every() if precision(one) >= 0.7)


def test_a_wanted_recall_is_reached_with_the_largest_precision() -> None:
    found, _, missed = counts(chosen(optimize="recall", at_least=0.9))
    assert 0.9 <= found / (found + missed) < 0.92


def test_a_precision_that_no_threshold_reaches_is_refused() -> None:
    with pytest.raises(InputError, match=r"no threshold reaches a precision of 0\.9"):
        choose_threshold(np.full(10, 0.4), np.array([0, 1] * 5), DecisionConfig(optimize="precision", at_least=0.9))


def test_equal_rows_are_never_told_apart_by_rounding() -> None:
    positive: Any = 0.3 + np.arange(10) * 1e-12
    threshold = choose_threshold(positive, np.repeat([0, 1], 5), DecisionConfig(optimize="f1"))
    assert abs(threshold - 0.3) > 0.1


def test_the_band_holds_the_share_of_the_rows_that_was_asked_for() -> None:
    config = Config(decision=DecisionConfig(review_share=0.5))
    decision = with_decision(make_release().model, config).decision
    assert decision.review is not None
    low, high = decision.review
    assert low < 0.5 < high


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_threshold_is_for_two_labels(task: Task) -> None:
    with pytest.raises(InputError, match="need two labels"):
        check_decision(task, DecisionConfig(optimize="f1"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"optimize": "precision"},
        {"optimize": "f1", "at_least": 0.9},
        {"review": (0.6, 0.4)},
        {"review": (0.4, 0.6), "review_share": 0.1},
    ],
)
def test_keys_that_do_not_fit_together_are_refused(wanted: Any) -> None:
    with pytest.raises(ValueError, match=r"at_least|review"):
        DecisionConfig(**wanted)


def test_a_graph_that_does_not_answer_is_refused() -> None:
    poisoned = replace(make_release().model, graph=bundles.graph("binary", poison=float("nan")))
    with pytest.raises(ParityError, match="must be finite"):
        with_decision(poisoned, Config())


def test_a_regression_is_answered_as_it_is() -> None:
    assert with_decision(make_release("regression").model, Config()).decision == Decision()
