import time

from app.batching.costs import ENOUGH_SECONDS, REPEATS, SIZE_SECONDS, measure


def test_every_size_up_to_the_cap_is_measured() -> None:
    seen: list[int] = []
    curve = measure(lambda rows: seen.append(len(rows)), [1, 2, 3], sizes=[1, 2, 4, 8, 10])
    assert curve.rows == (1, 2, 4, 8, 10)
    assert sorted(set(seen)) == [1, 2, 4, 8, 10]


def test_one_slow_moment_of_the_machine_is_not_taken_for_the_model() -> None:
    moments = iter([True])

    def run(_: object) -> None:
        if next(moments, False):
            time.sleep(2 * ENOUGH_SECONDS)

    curve = measure(run, [1], sizes=[1, 2, 4, 8])
    assert curve.rows == (1, 2, 4, 8)
    assert max(curve.seconds) < ENOUGH_SECONDS


def test_a_slow_model_is_not_asked_for_its_largest_batch() -> None:
    curve = measure(lambda rows: time.sleep(0.5 * ENOUGH_SECONDS * len(rows)), [1], sizes=[1, 2, 4, 1024])
    assert curve.rows == (1, 2)


def test_what_is_quick_is_run_more_often_than_what_makes_the_start_wait() -> None:
    seen: list[int] = []

    def run(rows: object) -> None:
        assert isinstance(rows, list)
        seen.append(len(rows))
        time.sleep(SIZE_SECONDS if len(rows) == 8 else 0)

    measure(run, [1], sizes=[1, 2, 4, 8])
    assert seen == [1] * REPEATS + [2] * REPEATS + [4] * REPEATS + [8] * 2
