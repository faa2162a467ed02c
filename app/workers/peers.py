"""A worker's view of all workers of the service, so that health and metrics are the same whichever one is asked.

Tests: tests/app/workers/test_supervisor.py (health, metrics and drift of all workers)
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
import orjson
from numpy.typing import NDArray

from app.bundle import store
from app.drift.gauges import DriftCollector
from app.models.registry import Registry
from app.models.served import ServedModel
from app.telemetry.metrics import Metrics
from app.workers import metric_totals

_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """A worker's number among `count`, and the folder that all workers share; a replacement takes the same slot."""

    number: int
    count: int
    folder: Path

    def socket_path(self, number: int) -> str:
        """Return the path of the Unix socket on which a worker answers the others."""
        return str(self.folder / f"{number}.sock")

    def save_metrics(self, snapshot: bytes) -> None:
        """Save what this worker has counted, so that it outlives the process."""
        path = self._metrics_path(self.number)
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(snapshot)
        unfinished.replace(path)

    def saved_counters(self, number: int) -> bytes | None:
        """Return the counters that a worker, or its predecessor in the slot, saved last; None if none did."""
        try:
            return metric_totals.without_gauges(self._metrics_path(number).read_bytes())
        except FileNotFoundError:
            return None

    def _metrics_path(self, number: int) -> Path:
        return self.folder / f"{number}.metrics"


class WorkerHealth(TypedDict):
    """One worker's health as it reports it; `pid` is None if it does not answer."""

    pid: int | None
    ready: bool
    reasons: list[str]
    models: list[str]


def not_ready_reasons(workers: Sequence[WorkerHealth]) -> list[str]:
    """Return why the service is not ready: each worker's reasons, with its number if there are several workers."""
    return [
        reason if len(workers) == 1 else f"worker {number}: {reason}"
        for number, worker in enumerate(workers)
        for reason in worker["reasons"]
    ]


class Peers:
    """All workers of the service, this one included. Without a slot this process is the only one.

    Workers ask each other over Unix sockets, and only when one of them is asked over HTTP.
    """

    def __init__(self, registry: Registry, metrics: Metrics, slot: WorkerSlot | None = None) -> None:
        self._registry = registry
        self._metrics = metrics
        self._slot = slot
        self._predecessor_counters: bytes | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Answer the other workers, and continue from the counters that this slot's previous worker saved."""
        slot = self._slot
        if slot is None:
            return
        self._predecessor_counters = slot.saved_counters(slot.number)
        self._server = await asyncio.start_unix_server(self._answer, slot.socket_path(slot.number))

    def close(self) -> None:
        """Stop answering the other workers."""
        if self._server is not None:
            self._server.close()

    async def health(self) -> list[WorkerHealth]:
        """Return the health of each worker now, by number."""
        return await asyncio.gather(*[self._health_of(number) for number in self._numbers])

    async def exposition(self) -> bytes:
        """Return the sum of what all workers have counted, and its drift, in the Prometheus text format.

        A worker that does not answer counts with the counters that it saved last, so that no counter ever decreases.
        """
        counted, drift = await asyncio.gather(self._counted(), self.drift())
        windows = {name: served.window for name, served in self._registry.models.items()}
        known = {name: (window, drift[name]) for name, window in windows.items() if window and name in drift}
        return counted + DriftCollector(known).exposition()

    async def drift(self) -> dict[str, NDArray[np.float64]]:
        """Return the counts of rows by bin of each model that this worker watches, by the model's name.

        They are summed over the workers that answer and compare the model with the same reference.
        """
        answers = await asyncio.gather(*[self._drift_of(number) for number in self._numbers])
        watched = {
            _reference(served): name for name, served in self._registry.models.items() if served.window is not None
        }
        return {
            name: np.sum([counts[reference] for counts in answers if reference in counts], axis=0)
            for reference, name in watched.items()
            if any(reference in counts for counts in answers)
        }

    @property
    def _numbers(self) -> range:
        return range(1 if self._slot is None else self._slot.count)

    async def _health_of(self, number: int) -> WorkerHealth:
        if self._slot is None or number == self._slot.number:
            return await self._own_health()
        answer = await self._ask(number, b"health")
        if answer is None:
            reason = f"it did not answer within {_ANSWER_SECONDS:g} s"
            return {"pid": None, "ready": False, "reasons": [reason], "models": []}
        health: WorkerHealth = orjson.loads(answer)
        return health

    async def _own_health(self) -> WorkerHealth:
        reasons = await self._registry.readiness()
        models = [f"{name}:{served.model.manifest.version}" for name, served in self._registry.models.items()]
        return {"pid": os.getpid(), "ready": not reasons, "reasons": reasons, "models": models}

    async def _counted(self) -> bytes:
        if self._slot is None:
            return self._metrics.exposition()
        snapshots = await asyncio.gather(*[self._snapshot_of(number) for number in self._numbers])
        return metric_totals.exposition([snapshot for snapshot in snapshots if snapshot is not None])

    async def _drift_of(self, number: int) -> dict[str, list[float]]:
        if self._slot is None or number == self._slot.number:
            return self._own_drift()
        answer = await self._ask(number, b"drift")
        counts: dict[str, list[float]] = {} if answer is None else orjson.loads(answer)
        return counts

    def _own_drift(self) -> dict[str, list[float]]:
        models = self._registry.models.values()
        return {_reference(served): served.window.counts().tolist() for served in models if served.window is not None}

    async def _snapshot_of(self, number: int) -> bytes | None:
        slot = self._slot
        if slot is None or number == slot.number:
            return self._own_snapshot()
        return await self._ask(number, b"metrics") or slot.saved_counters(number)

    def _own_snapshot(self) -> bytes:
        """Take a snapshot and save it before anyone sees it, so that a successor in the slot never counts less."""
        snapshot = metric_totals.take_snapshot(self._metrics, self._predecessor_counters)
        if self._slot is not None:
            self._slot.save_metrics(snapshot)
        return snapshot

    async def _ask(self, number: int, question: bytes) -> bytes | None:
        """Return another worker's answer, None if it gives none in time."""
        if self._slot is None:
            return None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._slot.socket_path(number))
                try:
                    writer.write(question + b"\n")
                    return await reader.read() or None
                finally:
                    writer.close()
        except OSError:  # TimeoutError is one
            return None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = await reader.readline()
            if question == b"health\n":
                writer.write(orjson.dumps(await self._own_health()))
            elif question == b"metrics\n":
                writer.write(self._own_snapshot())
            elif question == b"drift\n":
                writer.write(orjson.dumps(self._own_drift()))
            with suppress(OSError):
                await writer.drain()
        finally:
            writer.close()


def _reference(served: ServedModel) -> str:
    """Return a key of the reference behind a model's counts: workers may only add up counts of the same bins."""
    manifest = served.model.manifest
    return f"{manifest.name} {manifest.files[store.REFERENCE]}"
