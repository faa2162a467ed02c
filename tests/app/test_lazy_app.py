"""The web framework comes after the models, and predictions do not wait for it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.lazy_app import LazyApp
from app.main import build
from app.settings import Settings
from app.state import AppState
from tests import bundles

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def serving(models: Path, may_build: threading.Event) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application within its lifespan, which is built once it may be."""

    def waiting(state: AppState) -> Any:
        assert may_build.wait(30)
        return build(state)

    app = LazyApp(AppState(Settings(models_dir=models)), waiting)
    state: dict[str, Any] = {}
    heard: asyncio.Queue[Any] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan", "state": state}, heard.get, told.put))
    await heard.put({"type": "lifespan.startup"})
    assert await told.get() == {"type": "lifespan.startup.complete"}

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url="http://slipway") as client:
        yield client
    may_build.set()
    await heard.put({"type": "lifespan.shutdown"})
    assert await told.get() == {"type": "lifespan.shutdown.complete"}
    await living


async def test_a_prediction_is_answered_before_the_framework_is_there(models: Path) -> None:
    async with serving(models, threading.Event()) as client:
        answer = await client.post("/predict", json={"instances": bundles.ROWS})
        assert answer.status_code == 200
        assert len(answer.json()["predictions"]) == len(bundles.ROWS)


async def test_what_needs_the_framework_waits_for_it(models: Path) -> None:
    may_build = threading.Event()
    async with serving(models, may_build) as client:
        asking = asyncio.create_task(client.get("/health/live"))
        await client.post("/predict", json={"instances": bundles.ROWS})
        assert not asking.done()
        may_build.set()
        assert (await asking).status_code == 200


async def test_a_probe_is_answered_where_there_is_no_model(tmp_path: Path) -> None:
    may_build = threading.Event()
    may_build.set()
    async with serving(tmp_path, may_build) as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.post("/predict", json={"instances": bundles.ROWS})).status_code == 503
