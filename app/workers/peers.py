"""All workers of a service, as one of them sees them: health and metrics that are right whoever is asked."""

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
class Place:
    """A worker's number among `count`, and the folder where they meet."""

    number: int
    count: int
    folder: Path

    def socket(self, number: int) -> str:
        """Where a worker listens for the others' questions."""
        return str(self.folder / f"{number}.sock")

    def keep(self, taken: bytes) -> None:
        """Keep what this worker has counted beyond its life."""
        kept = self._kept(self.number)
        written = kept.with_suffix(".new")
        written.write_bytes(taken)
        written.replace(kept)

    def kept_counters(self, number: int) -> bytes | None:
        """What a worker, or who had its place before, had counted when it was last asked; None where it never was."""
        try:
            return metric_totals.counters(self._kept(number).read_bytes())
        except FileNotFoundError:
            return None

    def _kept(self, number: int) -> Path:
        return self.folder / f"{number}.metrics"


class WorkerHealth(TypedDict):
    """What one worker says of itself; `pid` is None where it does not answer."""

    pid: int | None
    ready: bool
    reasons: list[str]
    models: list[str]


def obstacles(workers: Sequence[WorkerHealth]) -> list[str]:
    """Why the service is not ready: the reasons of every worker, with its number where there are several."""
    return [
        reason if len(workers) == 1 else f"worker {number}: {reason}"
        for number, worker in enumerate(workers)
        for reason in worker["reasons"]
    ]


class Fleet:
    """A worker among others (or alone, without a place), which asks them over Unix sockets only when it is asked."""

    def __init__(self, registry: Registry, metrics: Metrics, place: Place | None = None) -> None:
        self._registry = registry
        self._metrics = metrics
        self._place = place
        self._before: bytes | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Answer the others; go on from what the worker that had this place before was known to have counted."""
        place = self._place
        if place is None:
            return
        self._before = place.kept_counters(place.number)
        self._server = await asyncio.start_unix_server(self._answer, place.socket(place.number))

    def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()

    async def health(self) -> list[WorkerHealth]:
        """Of each worker, in order, asked now."""
        return await asyncio.gather(*[self._health_of(number) for number in self._numbers])

    async def exposition(self) -> bytes:
        """The sum of what all workers have counted, and the drift that it shows, in the Prometheus text format.

        A worker that does not answer counts as when it last did, so that no counter ever goes back.
        """
        counted, drift = await asyncio.gather(self._counted(), self.drift())
        windows = {name: served.window for name, served in self._registry.models.items()}
        known = {name: (window, drift[name]) for name, window in windows.items() if window and name in drift}
        return counted + DriftCollector(known).exposition()

    async def drift(self) -> dict[str, NDArray[np.float64]]:
        """Of each model that this worker watches, the rows by bin of all workers that answer and have its reference."""
        told = await asyncio.gather(*[self._drift_of(number) for number in self._numbers])
        own = {_reference(served): name for name, served in self._registry.models.items() if served.window is not None}
        return {
            name: np.sum([one[reference] for one in told if reference in one], axis=0)
            for reference, name in own.items()
            if any(reference in one for one in told)
        }

    @property
    def _numbers(self) -> range:
        return range(1 if self._place is None else self._place.count)

    async def _health_of(self, number: int) -> WorkerHealth:
        if self._place is None or number == self._place.number:
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
        if self._place is None:
            return self._metrics.exposition()
        taken = await asyncio.gather(*[self._counted_by(number) for number in self._numbers])
        return metric_totals.exposition([one for one in taken if one is not None])

    async def _drift_of(self, number: int) -> dict[str, list[float]]:
        if self._place is None or number == self._place.number:
            return self._own_drift()
        answer = await self._ask(number, b"drift")
        counts: dict[str, list[float]] = {} if answer is None else orjson.loads(answer)
        return counts

    def _own_drift(self) -> dict[str, list[float]]:
        models = self._registry.models.values()
        return {_reference(served): served.window.counts().tolist() for served in models if served.window is not None}

    async def _counted_by(self, number: int) -> bytes | None:
        place = self._place
        if place is None or number == place.number:
            return self._own_counted()
        return await self._ask(number, b"metrics") or place.kept_counters(number)

    def _own_counted(self) -> bytes:
        """Kept before it is told: the worker that takes this place must not fall behind what was told."""
        taken = metric_totals.take(self._metrics, self._before)
        if self._place is not None:
            self._place.keep(taken)
        return taken

    async def _ask(self, number: int, question: bytes) -> bytes | None:
        if self._place is None:
            return None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._place.socket(number))
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
                writer.write(self._own_counted())
            elif question == b"drift\n":
                writer.write(orjson.dumps(self._own_drift()))
            with suppress(OSError):
                await writer.drain()
        finally:
            writer.close()


def _reference(served: ServedModel) -> str:
    """What two workers must have in common for their counts to be of the same bins."""
    manifest = served.model.manifest
    return f"{manifest.name} {manifest.files[store.REFERENCE]}"
