import math
from pathlib import Path

import pytest

from loadtest.plan import Step, capacity, next_offer, percentile, plot, replicas, report, step

GOAL_MS = 50


def measured(offered: float, p99_ms: float = 10, achieved: float | None = None, failures: int = 0) -> Step:
    return Step(offered, offered if achieved is None else achieved, 5, p99_ms, failures, 0.5)


def test_the_load_is_stepped_up_to_the_capacity_of_a_service() -> None:
    """The service of this test holds up to 730 requests a second."""
    steps: list[Step] = []
    while (offered := next_offer(steps, GOAL_MS, start=100, factor=2, precision=0.1)) is not None:
        steps.append(measured(offered, p99_ms=10 if offered <= 730 else 80))
    assert 650 <= capacity(steps, GOAL_MS) <= 730
    assert len(steps) <= 8


def test_a_load_above_one_that_broke_does_not_count() -> None:
    assert capacity([measured(100), measured(200, p99_ms=90), measured(400)], GOAL_MS) == 100


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (measured(100), None),
        (measured(100, failures=1), "1 failed"),
        (measured(100, p99_ms=51), "p99 over 50 ms"),
        (measured(100, achieved=80), "pace not kept"),
        (Step(100, 80, 5, 10, 0, 0.97), "the load generator is the limit"),
    ],
)
def test_a_load_is_held_where_all_is_answered_in_time(one: Step, problem: str | None) -> None:
    assert one.problem(GOAL_MS) == problem


def test_replicas_leave_headroom() -> None:
    assert replicas(1000, 500) == 3
    assert replicas(350, 500) == 1


def test_replicas_of_a_service_that_holds_nothing_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="must hold some load"):
        replicas(100, 0)


def test_percentiles_are_those_of_the_counted_values() -> None:
    times = {10.0: 98, 20.0: 1, 500.0: 1}
    assert (percentile(times, 0.5), percentile(times, 0.99), percentile(times, 1.0)) == (10, 20, 500)
    assert math.isinf(percentile({}, 0.5))


def test_a_step_is_read_from_locusts_json() -> None:
    def entry(name: str, times: dict[str, int], failures: int = 0) -> dict[str, object]:
        count = sum(times.values())
        when = {"start_time": 100.0, "last_request_timestamp": 110.0}
        return {"name": name, "num_requests": count, "num_failures": failures, "response_times": times, **when}

    read = step(60, [entry("1 row", {"4": 499, "9": 1}), entry("bad body", {"900": 100}, 2)], "1 row", 0.3)
    assert read == Step(60, 60.0, 4, 4, 2, 0.3)


def test_the_report_tells_capacity_and_replicas() -> None:
    text = report([measured(100), measured(200, p99_ms=90)], GOAL_MS, [1000])
    assert "**100 requests/s**" in text
    assert "| 1,000 | 15 |" in text
    assert "| 200 | 200 | 5 | 90 | 0 | 50% | p99 over 50 ms |" in text


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_plot_is_drawn(tmp_path: Path, ending: str) -> None:
    plot([measured(100), measured(200, p99_ms=90)], GOAL_MS, [1000], tmp_path / f"capacity.{ending}")
    assert (tmp_path / f"capacity.{ending}").stat().st_size > 5000
