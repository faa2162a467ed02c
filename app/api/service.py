"""The application: FastAPI, with plain requests for a prediction answered ahead of its middleware and routes."""

from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.server.asgi_fast_path import PlainLane
from app.state import Engine


class Service(FastAPI):
    """What the server calls where its own fast lane (app/server/protocol.py) has not answered already."""

    def __init__(self, engine: Engine, **options: Any) -> None:
        super().__init__(**options)
        self._lane = PlainLane(engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        plain = self._lane.recognize(scope)
        if plain is not None:
            await self._lane.answer(plain, receive, send)
        else:
            await super().__call__(scope, receive, send)
