"""Variants of the exported graph in a lower precision: their proof, and the time of their runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import ParityCertificate
from training.export.runtime import Graph

TIMED_ROWS = (1, 128)
REPEATS = 50
"""Runs of which the fastest counts, because other work on the machine only adds time."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds of one run over `n_rows` rows, of a variant and of the float32 graph."""

    n_rows: int
    seconds: float
    float32_seconds: float


@dataclass(frozen=True, slots=True)
class ProvenVariant:
    """A graph in a lower precision, its parity certificate, and a timing for each of TIMED_ROWS."""

    content: bytes
    parity: ParityCertificate
    timings: tuple[Timing, ...]


def measure_timings(graph: bytes, float32: bytes, tensors: Mapping[str, NDArray[Any]]) -> tuple[Timing, ...]:
    """Return the timings of a variant and the float32 graph, run alternately on each number of TIMED_ROWS.

    If there are fewer rows, they are repeated.
    """
    variant, original = Graph(graph), Graph(float32)
    n_available = len(next(iter(tensors.values())))
    measured = []
    for n_rows in TIMED_ROWS:
        batch = {name: tensor[np.arange(n_rows) % n_available] for name, tensor in tensors.items()}
        runs = [(_seconds(variant, batch, n_rows), _seconds(original, batch, n_rows)) for _ in range(REPEATS)]
        fastest = [min(seconds) for seconds in zip(*runs, strict=True)]
        measured.append(Timing(n_rows, *fastest))
    return tuple(measured)


def _seconds(graph: Graph, batch: Mapping[str, NDArray[Any]], n_rows: int) -> float:
    started = perf_counter()
    graph.run(batch, n_rows)
    return perf_counter() - started
