"""Fixtures by role: a folder of models, and a client of the service that serves them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests import bundles
from tests.server import running


@pytest.fixture
def anyio_backend() -> str:
    """Return the event loop for tests that are coroutines."""
    return "asyncio"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one binary model, `credit`, which tests must not change."""
    folder = tmp_path_factory.mktemp("models")
    bundles.publish(folder)
    return folder


@pytest.fixture(scope="session")
def client(models: Path) -> Iterator[httpx.Client]:
    """Yield a client of a service with one model; tests that need other settings start their own."""
    with running(Settings(models_dir=models)) as client:
        yield client


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Yield a client of a service with a model of each task."""
    folder = tmp_path_factory.mktemp("many")
    bundles.publish(folder, "credit", "binary")
    bundles.publish(folder, "colour", "multiclass")
    bundles.publish(folder, "price", "regression")
    with running(Settings(models_dir=folder)) as client:
        yield client
