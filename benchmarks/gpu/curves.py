"""The cost of a batch by its size, for each way to run it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]

SIZES = tuple(1 << exponent for exponent in range(13))
TOLERANCE = 1e-4
_REPEATS, _SECONDS = 20, 0.2


@dataclass(frozen=True)
class Point:
    """Seconds for one batch of `rows` rows, from host memory to host memory, by runner."""

    rows: int
    seconds: Mapping[str, float]


def curve(runs: Mapping[str, Run], width: int, sizes: Sequence[int] = SIZES) -> list[Point]:
    """Return a point per size, measured on random rows of so many features.

    Raises RuntimeError if a runner's answers differ from those of the first.
    """
    points = []
    for size in sizes:
        rows = np.random.default_rng(size).normal(size=(size, width)).astype(np.float32)
        _check(runs, rows)
        points.append(Point(size, {name: _seconds(run, rows) for name, run in runs.items()}))
    return points


def table(points: Sequence[Point], limit: str) -> str:
    """Return a Markdown table of microseconds, with their ratios to the limit in parentheses."""
    names = list(points[0].seconds)
    lines = ["| rows | " + " | ".join(f"{name}, µs" for name in names) + " |", "|---:|" + "---:|" * len(names)]
    for point in points:
        figures = [_figure(point, name, limit) for name in names]
        lines.append(f"| {point.rows:,} | " + " | ".join(figures) + " |")
    return "\n".join(lines) + "\n"


def _figure(point: Point, name: str, limit: str) -> str:
    shown = f"{point.seconds[name] * 1e6:,.0f}"
    return shown if name == limit else f"{shown} ({point.seconds[name] / point.seconds[limit]:.2f}×)"


def _check(runs: Mapping[str, Run], rows: NDArray[np.float32]) -> None:
    answers = {name: run(rows) for name, run in runs.items()}
    first, expected = next(iter(answers.items()))
    for name, answer in answers.items():
        difference = float(np.abs(answer - expected).max())
        if not difference <= TOLERANCE:
            raise RuntimeError(f"{name} must answer {len(rows)} rows as {first} does, they differ by {difference:g}")


def _seconds(run: Run, rows: NDArray[np.float32]) -> float:
    """Return the median seconds of a run, over enough runs."""
    taken: list[float] = []
    while len(taken) < _REPEATS or sum(taken) < _SECONDS:
        began = perf_counter()
        run(rows)
        taken.append(perf_counter() - began)
    return median(taken)
