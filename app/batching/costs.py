"""The cost curve of a model, measured at load on its own golden rows."""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from time import perf_counter
from typing import TypeVar

from app.batching.policy import CostCurve

Item = TypeVar("Item")

REPEATS = 5
SIZE_SECONDS = 0.005
"""A size that took this long is not run a third time: large batches cost most, and are distorted least."""
ENOUGH_SECONDS = 0.02
"""After a batch this slow no larger one is measured: the start must not wait for a slow model's largest batch."""


def measure(run: Callable[[Sequence[Item]], object], rows: Sequence[Item], sizes: Sequence[int]) -> CostCurve:
    """Return the seconds of batches of these sizes, ascending, made of the rows over and over.

    Of a few runs of each size the fastest counts: other work on the machine only ever adds time.
    """
    curve: list[tuple[int, float]] = []
    for size in sizes:
        batch = list(islice(cycle(rows), size))
        seconds = _least(run, batch)
        curve.append((size, seconds))
        if seconds >= ENOUGH_SECONDS:
            break
    measured_rows, measured_seconds = zip(*curve, strict=True)
    return CostCurve(measured_rows, measured_seconds)


def _least(run: Callable[[Sequence[Item]], object], batch: Sequence[Item]) -> float:
    """Return the seconds of the fastest of a few runs, at least two."""
    seconds: list[float] = []
    while len(seconds) < 2 or (len(seconds) < REPEATS and sum(seconds) < SIZE_SECONDS):
        seconds.append(_time(run, batch))
    return min(seconds)


def _time(run: Callable[[Sequence[Item]], object], batch: Sequence[Item]) -> float:
    started = perf_counter()
    run(batch)
    return perf_counter() - started
