import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.batching.batcher import Batcher
from app.settings import Settings
from tests import bundles
from tests.server import running, spawned


def test_live_answers_as_long_as_the_loop_does(client: httpx.Client) -> None:
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_ready_where_every_model_answers(client: httpx.Client) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "reasons": []})


def test_health_tells_versions_and_the_provider_that_runs_the_nodes(client: httpx.Client) -> None:
    content = client.get("/health").json()
    (model,) = content["models"]
    assert (model["name"], model["version"], model["provider"]) == ("credit", 1, "CPUExecutionProvider")
    assert model["nodes"]["CPUExecutionProvider"] >= 3
    assert content["ready"] is True
    assert content["cuda"]["usable"] is False
    assert content["cuda"]["reason"]


def test_an_empty_folder_is_alive_and_not_ready(tmp_path: Path) -> None:
    with running(Settings(models_dir=tmp_path)) as client:
        assert client.get("/health/live").status_code == 200
        for path in ("/health", "/health/ready"):
            response = client.get(path)
            assert response.status_code == 503
            assert response.json()["reasons"] == ["no bundle was found in the models folder"]


def test_a_broken_newest_version_gives_way_to_the_one_before_and_is_told(tmp_path: Path) -> None:
    bundles.publish(tmp_path, seed=1)
    bundles.publish(tmp_path, golden_shift=0.2)
    with running(Settings(models_dir=tmp_path)) as client:
        content = client.get("/health").json()
        assert content["ready"] is True
        assert content["models"][0]["version"] == 1
        (rejected,) = content["rejected"]
        assert (rejected["name"], rejected["version"]) == ("credit", 2)
        assert "golden answers must hold within 0.0001, they differ by 0.2" in rejected["reason"]


def test_a_model_without_a_valid_version_is_not_ready_though_another_is(tmp_path: Path) -> None:
    bundles.publish(tmp_path, "good")
    bundles.publish(tmp_path, "broken")
    (tmp_path / "broken/1/model.onnx").write_bytes(b"not a graph")
    with running(Settings(models_dir=tmp_path)) as client:
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert "broken:1 was refused: model.onnx must have the SHA-256" in response.json()["reasons"][0]


def test_a_gpu_that_is_required_and_not_there_is_never_ready(models: Path) -> None:
    with running(Settings(models_dir=models, require_gpu=True)) as client:
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert "SLIPWAY_REQUIRE_GPU is set, but the graph runs on the CPU" in response.json()["reasons"][0]


def test_a_default_model_that_is_not_there_is_told(models: Path) -> None:
    with running(Settings(models_dir=models, default_model="other")) as client:
        assert "the default model 'other'" in client.get("/health/ready").json()["reasons"][0]


def test_a_batcher_that_no_longer_answers_is_not_ready(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.models.served._PROBE_SECONDS", 0.2)
    with running(Settings(models_dir=models)) as client:
        assert client.get("/health/ready").status_code == 200

        def stuck(self: Batcher[Any]) -> None:
            """A batch that never begins."""

        monkeypatch.setattr(Batcher, "_start", stuck)
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert "cannot answer: a golden row was not answered within 0.2 s" in response.json()["reasons"][0]
        assert client.get("/health/live").status_code == 200


def test_a_request_in_flight_is_answered_at_shutdown_and_the_exit_is_clean(models: Path) -> None:
    with spawned(models) as (process, client):
        rows = [bundles.ROWS[0]] * 40_000
        answers: list[int] = []
        caller = threading.Thread(target=lambda: answers.append(_count(client, rows)))
        caller.start()
        time.sleep(0.15)
        process.terminate()
        caller.join()
        _, errors = process.communicate(timeout=30)
        assert answers == [40_000]
        assert process.returncode == 0, errors


def _count(client: httpx.Client, rows: list[dict[str, Any]]) -> int:
    return len(client.post("/predict", json={"instances": rows}).json()["predictions"])
