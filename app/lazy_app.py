"""A start that does not wait for the web framework, whose import takes as long as the rest of the start.

Predictions do not need the framework, and are answered as soon as the models are loaded. It is imported after that, in
a thread, or earlier if a request that needs it has waited long enough for the models.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from app.server.asgi_fast_path import AsgiFastPath
from app.state import AppState

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOADING_SECONDS = 0.5
"""How long a request waits for the models before it is answered without them, as a probe must be."""


class LazyApp:
    """An ASGI application that builds the real one in a thread, once the models are loaded or a request needs it."""

    def __init__(self, state: AppState, build: Callable[[AppState], "ASGIApp"]) -> None:
        self._state = state
        self._fast_path = AsgiFastPath(state.recognizer, state.access)
        self._build = build
        self._building: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a plain request for a prediction, and hand all others to the real application."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        loaded = self._state.registry.loaded
        if not loaded.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(loaded.wait(), _LOADING_SECONDS)
        plain = self._fast_path.recognize(scope)
        if plain is not None:
            await self._fast_path.answer(plain, receive, send)
        else:
            app = await asyncio.shield(self._application())
            await app(scope, receive, send)

    async def _run_lifespan(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Run the lifespan from the server's startup message to its shutdown message."""
        await receive()
        async with self._state.lifespan() as state:
            scope["state"].update(state)
            building = asyncio.create_task(self._build_when_loaded())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            building.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _build_when_loaded(self) -> None:
        await self._state.registry.loaded.wait()
        self._application()

    def _application(self) -> "asyncio.Task[ASGIApp]":
        """Return the task that builds the real application; the first call starts it."""
        if self._building is None:
            self._building = asyncio.create_task(asyncio.to_thread(self._build, self._state))
        return self._building
