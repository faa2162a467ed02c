"""The view that one worker has of all: health and metrics that are right whichever worker is asked."""

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
    """A worker's number among `count`, and the folder of the sockets and files that they share."""

    number: int
    count: int
    folder: Path

    def socket(self, number: int) -> str:
        """Return the path of the socket where a worker answers the others."""
        return str(self.folder / f"{number}.sock")

    def keep(self, snapshot: bytes) -> None:
        """Keep a snapshot of this worker's metrics beyond its life."""
        kept = self._kept(self.number)
        written = kept.with_suffix(".new")
        written.write_bytes(snapshot)
        written.replace(kept)

    def kept_counters(self, number: int) -> bytes | None:
        """Return the counters that the workers in a slot had when last asked; None where none was ever asked."""
        try:
            return metric_totals.counters(self._kept(number).read_bytes())
        except FileNotFoundError:
            return None

    def _kept(self, number: int) -> Path:
        return self.folder / f"{number}.metrics"


class WorkerHealth(TypedDict):
    """The health of one worker; `pid` is None where it does not answer."""

    pid: int | None
    ready: bool
    reasons: list[str]
    models: list[str]


def obstacles(workers: Sequence[WorkerHealth]) -> list[str]:
    """Return why the service is not ready: each worker's reasons, with its number where there are several workers."""
    return [
        reason if len(workers) == 1 else f"worker {number}: {reason}"
        for number, worker in enumerate(workers)
        for reason in worker["reasons"]
    ]


class Peers:
    """The workers of a service, this one among them: it asks the others over Unix sockets when it is asked itself.

    Without a slot it is the only one. Lives as long as the application, on its event loop.
    """

    def __init__(self, registry: Registry, metrics: Metrics, slot: WorkerSlot | None = None) -> None:
        self._registry = registry
        self._metrics = metrics
        self._slot = slot
        self._before: bytes | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to answer peers, and add to the counters that the worker before in this slot has left."""
        slot = self._slot
        if slot is None:
            return
        self._before = slot.kept_counters(slot.number)
        self._server = await asyncio.start_unix_server(self._answer, slot.socket(slot.number))

    def close(self) -> None:
        """Stop answering peers: their questions fail from now on."""
        if self._server is not None:
            self._server.close()

    async def health(self) -> list[WorkerHealth]:
        """Return the health of each worker, in order, as it answers now."""
        return await asyncio.gather(*[self._health_of(number) for number in self._numbers])

    async def exposition(self) -> bytes:
        """Return the sum of all workers' metrics, and the drift of all their rows, in the Prometheus text format.

        A worker that does not answer counts as when it last did, so that no counter ever goes back.
        """
        counted, drift = await asyncio.gather(self._counted(), self.drift())
        windows = {name: served.window for name, served in self._registry.models.items()}
        known = {name: (window, drift[name]) for name, window in windows.items() if window and name in drift}
        return counted + DriftCollector(known).exposition()

    async def drift(self) -> dict[str, NDArray[np.float64]]:
        """Return, by watched model, the rows by bin of all workers that answer and have the same reference."""
        answers = await asyncio.gather(*[self._drift_of(number) for number in self._numbers])
        own = {_reference(served): name for name, served in self._registry.models.items() if served.window is not None}
        return {
            name: np.sum([counts[reference] for counts in answers if reference in counts], axis=0)
            for reference, name in own.items()
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
        return await self._ask(number, b"metrics") or slot.kept_counters(number)

    def _own_snapshot(self) -> bytes:
        """Return a snapshot of this worker's metrics, once it is kept: its successor must not count from less."""
        taken = metric_totals.take(self._metrics, self._before)
        if self._slot is not None:
            self._slot.keep(taken)
        return taken

    async def _ask(self, number: int, question: bytes) -> bytes | None:
        if self._slot is None:
            return None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._slot.socket(number))
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
    """Return a key that is equal where two workers' counts are of the same bins."""
    manifest = served.model.manifest
    return f"{manifest.name} {manifest.files[store.REFERENCE]}"
