"""The application, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from app import logs, openapi
from app.access import Access
from app.api import docs, health, metrics, models, predict, problems, recommend
from app.api.middleware import RequestMiddleware
from app.api.service import Service
from app.api.state import State
from app.fleet import Fleet, Place
from app.metrics import Metrics
from app.plain import Recognizer
from app.registry import Registry
from app.settings import Settings

_DESCRIPTION = "Predictions of the loaded models. Errors are problem details (RFC 9457)."


def create_app(settings: Settings | None = None, place: Place | None = None) -> FastAPI:
    """The service as an ASGI application, with its place among workers; importing this module runs nothing."""
    settings = settings or Settings()
    logs.configure(settings)
    measured = Metrics()
    registry = Registry(settings, measured)
    access = Access(measured, settings)
    recognizer = Recognizer(registry.routes, settings)
    fleet = Fleet(registry, measured, place)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        await fleet.start()
        # In the background, so that a probe is answered (alive, not ready) while models load.
        loading = asyncio.create_task(registry.load())
        yield State(settings=settings, fleet=fleet, registry=registry, access=access, recognizer=recognizer)
        fleet.close()
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        registry.close()

    app = Service(
        access,
        recognizer,
        title="Slipway",
        version=version("slipway"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(RequestMiddleware, access=access)
    problems.install(app)
    docs.install(app)
    for routes in (predict, recommend, models, health, metrics):
        app.include_router(routes.router)
    app.openapi = lambda: openapi.document(app, registry)  # type: ignore[method-assign]
    return app
