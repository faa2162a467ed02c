"""The application: its state, routes, middleware and error handlers, put together.

Tests: tests/app/server/test_protocol.py (all paths answer alike), tests/test_imports.py (what making the application
imports)
"""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.api import docs, health, metrics, models, openapi, predict, problems, recommend
from app.api.middleware import RequestMiddleware
from app.server.asgi_fast_path import AsgiFastPath
from app.settings import Settings
from app.state import AppState
from app.workers.peers import WorkerSlot

_DESCRIPTION = "Predictions of the loaded models. Errors are problem details (RFC 9457)."


class SlipwayAPI(FastAPI):
    """FastAPI with a fast path: plain requests for a prediction skip its middleware and routes.

    The server's protocol (app/server/protocol.py) answers most of them before they come here.
    """

    def __init__(self, fast_path: AsgiFastPath, **options: Any) -> None:
        super().__init__(**options)
        self._fast_path = fast_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain request for a prediction, and hand all others to FastAPI."""
        plain = self._fast_path.recognize(scope)
        if plain is not None:
            await self._fast_path.answer(plain, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None, slot: WorkerSlot | None = None) -> FastAPI:
    """Return the service as an ASGI application; `slot` is that of this worker, if there are several."""
    return build(AppState(settings or Settings(), slot))


def build(state: AppState) -> FastAPI:
    """Return the application that serves a state, which loads its models during the application's lifespan."""
    app = SlipwayAPI(
        AsgiFastPath(state.recognizer, state.access),
        title="Slipway",
        version=version("slipway"),
        description=_DESCRIPTION,
        lifespan=lambda _: state.lifespan(),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(RequestMiddleware, access=state.access)
    problems.install(app)
    docs.install(app)
    for routes in (predict, recommend, models, health, metrics):
        app.include_router(routes.router)
    app.openapi = lambda: openapi.document(app, state.registry)  # type: ignore[method-assign]
    return app
