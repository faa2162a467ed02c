"""A variant of the exported graph in a lower precision: what is kept of it, and what its runs cost."""

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
"""The least of so many is told: others' work on the machine only ever adds."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run over `n_rows` rows, of a variant and of the float32 graph."""

    n_rows: int
    seconds: float
    float32_seconds: float


@dataclass(frozen=True, slots=True)
class ProvenVariant:
    """The graph in a lower precision, its proof, and a timing for each of TIMED_ROWS."""

    content: bytes
    parity: ParityCertificate
    timings: tuple[Timing, ...]


def timings(graph: bytes, float32: bytes, tensors: Mapping[str, NDArray[Any]]) -> tuple[Timing, ...]:
    """Time both graphs, in turn, on TIMED_ROWS of the rows, which begin again where they are fewer."""
    first, second = Graph(graph), Graph(float32)
    n_there = len(next(iter(tensors.values())))
    measured = []
    for n_rows in TIMED_ROWS:
        batch = {name: one[np.arange(n_rows) % n_there] for name, one in tensors.items()}
        pairs = [(_seconds(first, batch, n_rows), _seconds(second, batch, n_rows)) for _ in range(REPEATS)]
        measured.append(Timing(n_rows, min(one for one, _ in pairs), min(one for _, one in pairs)))
    return tuple(measured)


def _seconds(graph: Graph, batch: Mapping[str, NDArray[Any]], n_rows: int) -> float:
    started = perf_counter()
    graph.run(batch, n_rows)
    return perf_counter() - started
