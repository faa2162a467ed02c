import shlex
import subprocess
from pathlib import Path

import pytest

from app.__main__ import main
from tests import bundles
from tests.server import free_port, spawned, wait_until


def test_the_printed_curl_line_answers_when_pasted(models: Path) -> None:
    with spawned(models) as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("curl "))
        answer = subprocess.run(["sh", "-c", f"{line.strip()} --silent"], check=True, capture_output=True, text=True)
        assert '"label":"' in answer.stdout
        assert shlex.split(line)[1].endswith("/models/credit/predict")


def test_the_number_of_workers_may_come_from_the_environment(models: Path) -> None:
    with spawned(models, SLIPWAY_WORKERS="2") as (_, client):
        wait_until(lambda: len(client.get("/health").json()["workers"]) == 2)


def test_workers_answer_together_and_exit_cleanly(models: Path) -> None:
    with spawned(models, "--workers", "2") as (process, client):
        statuses = {client.post("/predict", json={"instances": bundles.ROWS}).status_code for _ in range(10)}
        assert statuses <= {200, 503}
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors


def test_uvicorns_own_command_line_serves_too(models: Path) -> None:
    port = free_port()
    command = ["-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
    with spawned(models, command=command, port=port, SLIPWAY_MODELS_DIR=str(models)) as (_, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        assert client.post("/predict", json={"instances": bundles.ROWS}).status_code == 200


def test_a_wrong_setting_is_told_in_a_line(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_MAX_BODY_BYTES", "many")
    assert main(["serve", "--models", str(models)]) == 2
    assert capsys.readouterr().err.startswith("SLIPWAY_MAX_BODY_BYTES: ")


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "x"], ["--workers", "0"]])
def test_a_wrong_argument_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *arguments]) == 2
    assert arguments[1] in capsys.readouterr().err
