"""Throughput of the whole service: Arrow streams over loopback."""

import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from time import perf_counter

from benchmarks.serving import bundle
from benchmarks.serving.client import post
from benchmarks.serving.loads import Load, arrow_load
from benchmarks.serving.servers.catalog import catalog, started, verify

_CONNECTIONS, _BODIES = 4, 4


def rows_per_second(n_rows: int, seconds: float, settings: Mapping[str, str]) -> float:
    """Return how many rows a second one worker with these settings answers, in streams of n_rows each.

    Raises RuntimeError if it does not start or answers wrongly.
    """
    load = arrow_load(n_rows, _BODIES)
    slipway = catalog()["slipway"]
    server = replace(slipway, environment={**slipway.environment, **settings})
    with tempfile.TemporaryDirectory() as folder:
        bundle.publish(Path(folder))
        with started(server, 1, Path(folder), load) as running, ThreadPoolExecutor(_CONNECTIONS) as clients:
            verify(running, load)
            began = perf_counter()
            answered = clients.map(lambda _: _ask(running.url, load, began + seconds), range(_CONNECTIONS))
            return sum(answered) / (perf_counter() - began)


def _ask(url: str, load: Load, until: float) -> int:
    """Send one body after another until a point in time, and return how many rows were answered."""
    rows = 0
    for body in cycle(load.bodies):
        status, _, _ = post(url, load, body)
        if status != 200:
            raise RuntimeError(f"{url} must answer {load.name} with 200, received {status}")
        rows += load.rows
        if perf_counter() >= until:
            break
    return rows
