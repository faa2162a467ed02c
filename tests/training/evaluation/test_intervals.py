"""Intervals hold the true value about as often as they say."""

import numpy as np
import pytest

from training.evaluation.intervals import bootstrap_intervals, mean_interval, wilson_interval


@pytest.mark.parametrize(
    ("successes", "n_rows", "low", "high"),
    [(0, 20, 0.0, 0.1611), (1, 10, 0.0179, 0.4042), (50, 100, 0.4038, 0.5962), (20, 20, 0.8389, 1.0)],
)
def test_wilson_s_interval_is_that_of_the_tables(successes: int, n_rows: int, low: float, high: float) -> None:
    found = wilson_interval(successes, n_rows)
    assert (found.value, found.n_rows) == (successes / n_rows, n_rows)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_a_mean_s_interval_is_two_standard_errors_wide_on_either_side() -> None:
    found = mean_interval(np.array([1.0, 2.0, 3.0, 4.0]))
    assert found.value == 2.5
    assert found.high - found.value == pytest.approx(1.96 * 1.29099 / 2, abs=1e-4)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_the_bootstrap_s_interval_of_a_mean_is_that_of_the_normal_approximation() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = bootstrap_intervals(lambda weights: {"average": float(weights @ values / weights.sum())}, 400, seed=1)[
        "average"
    ]
    expected = mean_interval(values)
    assert found.value == pytest.approx(expected.value)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.06)


def test_the_same_seed_gives_the_same_interval_and_another_another() -> None:
    values = np.random.default_rng(0).normal(size=50)

    def found(seed: int) -> object:
        return bootstrap_intervals(lambda weights: {"average": float(weights @ values / weights.sum())}, 50, seed)

    assert found(1) == found(1)
    assert found(1) != found(2)


def test_a_metric_that_all_rows_leave_undefined_has_no_interval() -> None:
    assert bootstrap_intervals(lambda _: {"nothing": np.nan}, 5, seed=1) == {}


def test_draws_that_leave_a_metric_undefined_are_passed_over() -> None:
    found = bootstrap_intervals(lambda weights: {"first": 1.0 if weights[0] else np.nan}, 5, seed=1)["first"]
    assert (found.low, found.high) == (1.0, 1.0)
