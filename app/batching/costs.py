"""The cost curve of a model, measured at load on its own golden rows."""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from time import perf_counter
from typing import TypeVar

from app.batching.policy import CostCurve, sizes

Item = TypeVar("Item")

REPEATS = 5
SIZE_SECONDS = 0.005
"""A size that took as long is not run a third time: the largest cost most, and a slow moment bends them least."""
ENOUGH_SECONDS = 0.02
"""After a batch this slow none larger is measured: start-up must not wait for a slow model's largest batch."""


def measure(run: Callable[[Sequence[Item]], object], rows: Sequence[Item], cap: int) -> CostCurve:
    """Seconds of batches of 1, 2, 4, … cap rows, the least of a few runs each: others' work only ever adds."""
    curve: list[tuple[int, float]] = []
    for size in sizes(cap):
        batch = list(islice(cycle(rows), size))
        seconds = _least(run, batch)
        curve.append((size, seconds))
        if seconds >= ENOUGH_SECONDS:
            break
    measured_rows, measured_seconds = zip(*curve, strict=True)
    return CostCurve(measured_rows, measured_seconds)


def _least(run: Callable[[Sequence[Item]], object], batch: Sequence[Item]) -> float:
    """Seconds of the fastest of a few runs, at least two."""
    seconds: list[float] = []
    while len(seconds) < 2 or (len(seconds) < REPEATS and sum(seconds) < SIZE_SECONDS):
        seconds.append(_time(run, batch))
    return min(seconds)


def _time(run: Callable[[Sequence[Item]], object], batch: Sequence[Item]) -> float:
    started = perf_counter()
    run(batch)
    return perf_counter() - started
