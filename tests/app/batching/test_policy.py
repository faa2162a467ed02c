import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batching.policy import CostCurve, derive_policy

FLAT = CostCurve((1, 2, 4, 8, 16), (0.001, 0.001, 0.001, 0.001, 0.001))
LINEAR = CostCurve((1, 2, 4, 8, 16), (0.001, 0.002, 0.004, 0.008, 0.016))


@pytest.mark.parametrize(("rows", "seconds"), [(1, 0.001), (3, 0.003), (16, 0.016), (32, 0.032)])
def test_a_cost_between_and_beyond_what_was_measured_lies_on_a_line(rows: int, seconds: float) -> None:
    assert LINEAR.cost(rows) == pytest.approx(seconds)


def test_a_single_measurement_grows_with_the_rows() -> None:
    assert CostCurve((4,), (0.2,)).cost(8) == pytest.approx(0.4)
    assert CostCurve((4,), (0.2,)).cost(1) == pytest.approx(0.2)


def test_where_rows_ride_free_the_largest_batch_is_the_cap() -> None:
    assert derive_policy(FLAT, cap=16, max_inline_seconds=1).max_batch_rows == 16
    assert derive_policy(FLAT, cap=8, max_inline_seconds=1).max_batch_rows == 8


def test_where_rows_cost_alike_the_smallest_batch_is_enough() -> None:
    assert derive_policy(LINEAR, cap=16, max_inline_seconds=1).max_batch_rows == 1


def test_what_holds_the_loop_too_long_goes_to_a_thread() -> None:
    curve = CostCurve((1, 16), (0.0001, 0.0016))
    policy = derive_policy(CostCurve((1, 16), (0.0015, 0.0016)), cap=16, max_inline_seconds=0.001)
    assert policy.max_inline_rows == 0
    assert derive_policy(curve, cap=16, max_inline_seconds=0.01).max_inline_rows == policy.max_batch_rows // 16
    assert derive_policy(FLAT, cap=16, max_inline_seconds=0.001).max_inline_rows == 16


def test_the_rate_is_that_of_the_largest_batch() -> None:
    assert derive_policy(FLAT, cap=16, max_inline_seconds=1).rows_per_second == pytest.approx(16_000)


@given(
    seconds=st.lists(st.floats(1e-6, 1), min_size=1, max_size=11),
    cap=st.integers(1, 1024),
    inline=st.floats(0, 0.01),
)
def test_a_policy_keeps_its_bounds_whatever_was_measured(seconds: list[float], cap: int, inline: float) -> None:
    curve = CostCurve(tuple(2**power for power in range(len(seconds))), tuple(seconds))
    policy = derive_policy(curve, cap, inline)
    assert 1 <= policy.max_batch_rows <= cap
    assert 0 <= policy.max_inline_rows <= policy.max_batch_rows
    assert policy.rows_per_second > 0
