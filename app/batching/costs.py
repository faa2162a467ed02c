"""Measure what batches of a model cost, when it is loaded, on its own golden rows."""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from time import perf_counter
from typing import TypeVar

from app.batching.policy import CostCurve

Item = TypeVar("Item")

MAX_RUNS = 5
SIZE_SECONDS = 0.005
"""A size is not run a third time once its runs took this long: slow batches delay the start most, and vary least."""
SLOW_BATCH_SECONDS = 0.02
"""No size is measured after a batch this slow: start-up must not wait for a slow model's largest batches."""


def measure_costs(
    run: Callable[[Sequence[Item]], object],
    rows: Sequence[Item],
    sizes: Sequence[int],
    clock: Callable[[], float] = perf_counter,
) -> CostCurve:
    """Return the seconds that batches of these sizes (in rows, ascending) take by `clock`, up to the first slow one.

    A batch repeats `rows` to its size. Of several runs the fastest counts, because other processes only ever add time.
    """
    measured: list[tuple[int, float]] = []
    for size in sizes:
        batch = list(islice(cycle(rows), size))
        seconds = _fastest_run(run, batch, clock)
        measured.append((size, seconds))
        if seconds >= SLOW_BATCH_SECONDS:
            break
    measured_sizes, measured_seconds = zip(*measured, strict=True)
    return CostCurve(measured_sizes, measured_seconds)


def _fastest_run(run: Callable[[Sequence[Item]], object], batch: Sequence[Item], clock: Callable[[], float]) -> float:
    """Return the seconds of the fastest of 2 to MAX_RUNS runs."""
    seconds: list[float] = []
    while len(seconds) < 2 or (len(seconds) < MAX_RUNS and sum(seconds) < SIZE_SECONDS):
        started = clock()
        run(batch)
        seconds.append(clock() - started)
    return min(seconds)
