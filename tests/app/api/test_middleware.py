import json
import socket
from pathlib import Path

import httpx
import pytest

from app.codecs.json_encoder import JsonEncoder
from app.settings import Settings
from tests import bundles
from tests.server import running, spawned, wait_until

PRIVATE = "a-very-private-job"


@pytest.mark.parametrize("given", ["abc-123", "x" * 128])
def test_a_request_id_is_kept(client: httpx.Client, given: str) -> None:
    assert client.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "two words", "caf\xe9"])
def test_an_id_that_could_harm_a_log_is_replaced(client: httpx.Client, given: str) -> None:
    received = client.get("/health/live", headers=[(b"X-Request-ID", given.encode("latin-1"))]).headers["x-request-id"]
    assert received != given
    assert len(received) == 32


def test_every_log_line_is_json_and_none_holds_what_was_sent(models: Path) -> None:
    with spawned(models) as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        row = {**bundles.ROWS[0], "job title": PRIVATE}
        client.post("/predict", json={"instances": [row]}, headers={"X-Request-ID": "seen"})
        client.post("/predict", json={"instances": [{**row, "age": PRIVATE}]})
        client.get(f"/{PRIVATE}")
        process.terminate()
        _, errors = process.communicate(timeout=30)
    lines = [json.loads(line) for line in errors.splitlines()]
    assert PRIVATE not in errors
    (access,) = [line for line in lines if line.get("request_id") == "seen"]
    assert (access["method"], access["route"], access["status"]) == ("POST", "/predict", 200)
    assert access["seconds"] > 0
    assert {"time", "level", "logger", "message"} <= access.keys()


def test_a_bug_is_answered_without_its_trace(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    with running(Settings(models_dir=models)) as client:
        monkeypatch.setattr(JsonEncoder, "response", broken)
        response = client.post("/predict", json={"instances": bundles.ROWS})
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret detail" not in response.text


def test_a_client_that_leaves_within_its_body_is_no_failure_of_the_service(models: Path) -> None:
    settings = Settings(models_dir=models, fast_lane=False)
    with running(settings) as client:
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as leaving:
            head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
            leaving.sendall(head + b"{")
            wait_until(lambda: "slipway_in_flight_requests 2.0" in client.get("/metrics").text)
        wait_until(lambda: "slipway_in_flight_requests 1.0" in client.get("/metrics").text)
        assert 'slipway_requests_total{method="POST",route="/predict",status="499"} 1.0' in client.get("/metrics").text
