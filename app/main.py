"""The application, put together."""

from importlib.metadata import version

from fastapi import FastAPI

from app.api import docs, health, metrics, models, openapi, predict, problems, recommend
from app.api.middleware import RequestMiddleware
from app.api.service import Service
from app.settings import Settings
from app.state import Engine
from app.workers.peers import WorkerSlot

_DESCRIPTION = "Predictions of the loaded models. Errors are problem details (RFC 9457)."


def create_app(settings: Settings | None = None, slot: WorkerSlot | None = None) -> FastAPI:
    """Return the service as an ASGI application, as the worker of a slot if there are several workers."""
    return build(Engine(settings or Settings(), slot))


def build(engine: Engine) -> FastAPI:
    """The application around an engine, which runs with its lifespan."""
    app = Service(
        engine,
        title="Slipway",
        version=version("slipway"),
        description=_DESCRIPTION,
        lifespan=lambda _: engine.running(),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(RequestMiddleware, access=engine.access)
    problems.install(app)
    docs.install(app)
    for routes in (predict, recommend, models, health, metrics):
        app.include_router(routes.router)
    app.openapi = lambda: openapi.document(app, engine.registry)  # type: ignore[method-assign]
    return app
