"""All that answers predictions, without the web framework: what every lane and every route shares."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from app.models.registry import Registry
from app.server.recognizer import Recognizer
from app.settings import Settings
from app.telemetry import json_logging
from app.telemetry.access_log import AccessRecorder
from app.telemetry.metrics import Metrics
from app.workers.peers import Peers, WorkerSlot


class State(TypedDict):
    """What the lifespan hands to every request. Lives as long as the application."""

    settings: Settings
    peers: Peers
    registry: Registry
    access: AccessRecorder
    recognizer: Recognizer


class Engine:
    """The models, and what counts and tells plain requests. Made once an application; at work while it is `running`."""

    def __init__(self, settings: Settings, slot: WorkerSlot | None = None) -> None:
        json_logging.configure(settings)
        measured = Metrics()
        self.settings = settings
        self.registry = Registry(settings, measured)
        self.access = AccessRecorder(measured, settings)
        self.recognizer = Recognizer(self.registry.routes, settings)
        self.peers = Peers(self.registry, measured, slot)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[State]:
        """Load the models in the background, so that a probe is answered (alive, not ready) meanwhile."""
        await self.peers.start()
        loading = asyncio.create_task(self.registry.load())
        yield State(
            settings=self.settings,
            peers=self.peers,
            registry=self.registry,
            access=self.access,
            recognizer=self.recognizer,
        )
        self.peers.close()
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        self.registry.close()
