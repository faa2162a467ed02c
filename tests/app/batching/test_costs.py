from collections.abc import Sequence

from app.batching.costs import MAX_RUNS, SIZE_SECONDS, SLOW_BATCH_SECONDS, measure_costs
from app.batching.policy import CostCurve


class Runs:
    """Runs that move the only clock: by `seconds` for each size, by 0 for the others, and by `first` more at first."""

    def __init__(self, seconds: dict[int, float] | None = None, first: float = 0.0) -> None:
        self.sizes: list[int] = []
        self._seconds = seconds or {}
        self._first = first
        self._now = 0.0

    def measure(self, sizes: Sequence[int]) -> CostCurve:
        return measure_costs(self._run, [1, 2, 3], sizes, lambda: self._now)

    def _run(self, batch: Sequence[int]) -> None:
        self._now += self._seconds.get(len(batch), 0.0) + (0.0 if self.sizes else self._first)
        self.sizes.append(len(batch))


def test_every_size_is_measured() -> None:
    runs = Runs({1: 0.001, 10: 0.003})
    curve = runs.measure([1, 2, 4, 8, 10])
    assert curve.rows == (1, 2, 4, 8, 10)
    assert sorted(set(runs.sizes)) == [1, 2, 4, 8, 10]


def test_one_slow_run_does_not_count() -> None:
    curve = Runs(first=2 * SLOW_BATCH_SECONDS).measure([1, 2, 4, 8])
    assert curve.rows == (1, 2, 4, 8)
    assert max(curve.seconds) < SLOW_BATCH_SECONDS


def test_no_size_is_measured_after_a_slow_batch() -> None:
    seconds = {size: 0.6 * SLOW_BATCH_SECONDS * size for size in (1, 2, 4, 1024)}
    assert Runs(seconds).measure([1, 2, 4, 1024]).rows == (1, 2)


def test_quick_sizes_are_run_more_often_than_slow_ones() -> None:
    runs = Runs({8: 1.5 * SIZE_SECONDS})
    runs.measure([1, 2, 4, 8])
    assert runs.sizes == [1] * MAX_RUNS + [2] * MAX_RUNS + [4] * MAX_RUNS + [8] * 2
