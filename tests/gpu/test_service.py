"""The service as it comes, on a real GPU."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.session import CPU, CUDA
from app.settings import Settings
from tests import bundles
from tests.server import running, spawned, wait_until


@pytest.fixture
def gpu_client(models: Path) -> Iterator[httpx.Client]:
    """A client of a service that refuses to run without a GPU."""
    with running(Settings(models_dir=models, require_gpu=True)) as client:
        yield client


def test_health_reports_every_node_on_cuda(gpu_client: httpx.Client) -> None:
    answer = gpu_client.get("/health")
    assert answer.status_code == 200
    (model,) = answer.json()["models"]
    assert model["provider"] == CUDA
    assert model["nodes"].keys() == {CUDA}
    assert model["cuda_graphs"]


def test_workers_that_share_a_gpu_are_warned_of(models: Path) -> None:
    with spawned(models, "--workers", "2", SLIPWAY_REQUIRE_GPU="true") as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200, seconds=60)
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert "workers share a GPU" in {json.loads(line)["message"] for line in errors.splitlines()}


def test_predictions_are_those_of_the_cpu(gpu_client: httpx.Client, models: Path) -> None:
    request = {"instances": bundles.ROWS}
    with running(Settings(models_dir=models, providers=(CPU,))) as on_cpu:
        expected = on_cpu.post("/predict", json=request).json()["predictions"]
    for one, other in zip(gpu_client.post("/predict", json=request).json()["predictions"], expected, strict=True):
        assert one["label"] == other["label"]
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-4)
