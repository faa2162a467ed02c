"""The state that the routes and fast paths of one application share. Imports no web framework.

Tests: tests/app/test_lazy_app.py, tests/app/api/test_health.py (alive while models are loaded; a clean exit)
"""

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


class LifespanState(TypedDict):
    """The state that the lifespan hands to every request and connection. Lives as long as the application."""

    settings: Settings
    peers: Peers
    registry: Registry
    access: AccessRecorder
    recognizer: Recognizer


class AppState:
    """The models of one application, its metrics and logs, and its view of the other workers.

    Created once per application. Its `lifespan` loads the models and answers the other workers.
    """

    def __init__(self, settings: Settings, slot: WorkerSlot | None = None) -> None:
        json_logging.configure(settings)
        metrics = Metrics()
        self.settings = settings
        self.registry = Registry(settings, metrics)
        self.access = AccessRecorder(metrics, settings)
        self.recognizer = Recognizer(self.registry.routes, settings)
        self.peers = Peers(self.registry, metrics, slot)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[LifespanState]:
        """Load the models in the background, so that probes are answered (alive, not ready) meanwhile."""
        await self.peers.start()
        loading = asyncio.create_task(self.registry.load())
        yield LifespanState(
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
