import time
from collections.abc import Sequence

from app.batching.costs import MAX_RUNS, SIZE_SECONDS, SLOW_BATCH_SECONDS, measure_costs


def test_every_size_is_measured() -> None:
    seen: list[int] = []
    curve = measure_costs(lambda rows: seen.append(len(rows)), [1, 2, 3], sizes=[1, 2, 4, 8, 10])
    assert curve.rows == (1, 2, 4, 8, 10)
    assert sorted(set(seen)) == [1, 2, 4, 8, 10]


def test_one_slow_run_does_not_count() -> None:
    moments = iter([True])

    def run(_: object) -> None:
        if next(moments, False):
            time.sleep(2 * SLOW_BATCH_SECONDS)

    curve = measure_costs(run, [1], sizes=[1, 2, 4, 8])
    assert curve.rows == (1, 2, 4, 8)
    assert max(curve.seconds) < SLOW_BATCH_SECONDS


def test_no_size_is_measured_after_a_slow_batch() -> None:
    def run(rows: Sequence[int]) -> None:
        time.sleep(0.5 * SLOW_BATCH_SECONDS * len(rows))

    curve = measure_costs(run, [1], sizes=[1, 2, 4, 1024])
    assert curve.rows == (1, 2)


def test_quick_sizes_are_run_more_often_than_slow_ones() -> None:
    seen: list[int] = []

    def run(rows: object) -> None:
        assert isinstance(rows, list)
        seen.append(len(rows))
        time.sleep(SIZE_SECONDS if len(rows) == 8 else 0)

    measure_costs(run, [1], sizes=[1, 2, 4, 8])
    assert seen == [1] * MAX_RUNS + [2] * MAX_RUNS + [4] * MAX_RUNS + [8] * 2
