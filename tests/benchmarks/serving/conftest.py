"""The benchmark's bundle, and the service on it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from benchmarks.serving import bundle
from tests.server import running


@pytest.fixture(scope="session")
def bench_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the benchmark's folder, which tests must not change."""
    folder = tmp_path_factory.mktemp("bench")
    bundle.publish(folder)
    return folder


@pytest.fixture(scope="session")
def bench_url(bench_folder: Path) -> Iterator[str]:
    """Yield the address where the service answers `/predict` with the benchmark's bundle."""
    with running(Settings(models_dir=bench_folder / "models")) as client:
        assert isinstance(client, httpx.Client)
        yield str(client.base_url.join("/predict"))
