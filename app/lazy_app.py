"""A start that does not wait for the web framework, whose import costs as much as all else.

Predictions need none of it: they are answered as soon as the models are loaded, and only then is it imported, in a
thread, or when another request has waited for the models for long enough.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from app.server.asgi_fast_path import PlainLane
from app.state import Engine

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOADING_SECONDS = 0.5
"""How long a request waits for the models before it is answered without them, as a probe must be."""


class Deferred:
    """An ASGI application that makes the real one by `build`, on another thread, when there is time or need for it."""

    def __init__(self, engine: Engine, build: Callable[[Engine], "ASGIApp"]) -> None:
        self._engine = engine
        self._lane = PlainLane(engine)
        self._build = build
        self._building: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer, or pass on."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        loaded = self._engine.registry.loaded
        if not loaded.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(loaded.wait(), _LOADING_SECONDS)
        plain = self._lane.recognize(scope)
        if plain is not None:
            await self._lane.answer(plain, receive, send)
        else:
            app = await asyncio.shield(self._application())
            await app(scope, receive, send)

    async def _live(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """The lifespan, from the server's word that it starts to its word that it stops."""
        await receive()
        async with self._engine.running() as state:
            scope["state"].update(state)
            building = asyncio.create_task(self._build_when_loaded())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            building.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _build_when_loaded(self) -> None:
        await self._engine.registry.loaded.wait()
        self._application()

    def _application(self) -> "asyncio.Task[ASGIApp]":
        if self._building is None:
            self._building = asyncio.create_task(asyncio.to_thread(self._build, self._engine))
        return self._building
