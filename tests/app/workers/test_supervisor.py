"""Several workers behind one port, with real processes."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import bundles
from tests.app.drift import kinds
from tests.app.drift import samples as population
from tests.server import free_port, new_client, spawned, wait_until

ONE = {"instances": bundles.ROWS[:1]}
_TMP = tempfile.gettempdir()
_SPAWNING = """
import multiprocessing, sys
from app.workers import supervisor
supervisor.FORKS, supervisor._context = False, multiprocessing.get_context("spawn")
from app.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def workers(models: Path, count: int = 2, folder: str = _TMP) -> Iterator[tuple["subprocess.Popen[str]", httpx.Client]]:
    with spawned(models, "--workers", str(count), SLIPWAY_ACCESS_LOG="false", TMPDIR=folder) as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        yield process, client


def pids(client: httpx.Client) -> list[int | None]:
    return [worker["pid"] for worker in client.get("/health").json()["workers"]]


def samples(client: httpx.Client) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("count", [16, 64])
def test_connections_are_spread_evenly(models: Path, count: int) -> None:
    with workers(models) as (_, client), ExitStack() as stack:
        clients = [stack.enter_context(new_client(client.base_url)) for _ in range(count)]
        answered = Counter(caller.get("/health").json()["pid"] for caller in clients)
    assert len(answered) == 2
    assert max(answered.values()) - min(answered.values()) <= 2


def test_new_connections_go_to_the_worker_whose_connections_ended(models: Path) -> None:
    with workers(models) as (_, client), ExitStack() as stack:
        clients = [new_client(client.base_url) for _ in range(16)]
        by_pid: dict[int, list[httpx.Client]] = {}
        for caller in clients:
            by_pid.setdefault(caller.get("/health").json()["pid"], []).append(caller)
        emptied, kept = by_pid
        for caller in by_pid[emptied]:
            caller.close()
        time.sleep(0.2)
        later = [stack.enter_context(new_client(client.base_url)) for _ in range(6)]
        assert {caller.get("/health").json()["pid"] for caller in later} == {emptied}
        for caller in by_pid[kept]:
            caller.close()


def test_the_supervisor_has_one_thread_because_a_fork_would_lose_others(models: Path) -> None:
    with workers(models) as (process, _):
        assert len(list(Path(f"/proc/{process.pid}/task").iterdir())) == 1


def test_every_worker_shows_the_metrics_of_all(models: Path) -> None:
    with workers(models, 3) as (_, client), ExitStack() as stack:
        clients = [stack.enter_context(new_client(client.base_url)) for _ in range(9)]
        for caller in clients:
            for _ in range(4):
                assert caller.post("/predict", json=ONE).status_code == 200
        for caller in clients:
            metrics = samples(caller)
            assert metrics["slipway_requests_total", "POST", "/predict", "200"] == 36
            assert metrics["slipway_request_seconds_bucket", "+Inf", "/predict"] == 36
            assert metrics["slipway_rows_total", "credit"] == 36
            assert metrics["slipway_stage_seconds_count", "credit", "parse"] >= 36
            assert metrics["slipway_in_flight_requests",] == 1
            assert metrics["slipway_model_info", "credit", "CPUExecutionProvider", "1"] == 1


def test_every_worker_shows_the_drift_of_all_rows(tmp_path: Path) -> None:
    population.publish(tmp_path)
    with workers(tmp_path) as (_, client), ExitStack() as stack:
        clients = [stack.enter_context(new_client(client.base_url)) for _ in range(6)]
        assert len({caller.get("/health").json()["pid"] for caller in clients}) == 2
        for seed, caller in enumerate(clients):
            for body in population.in_requests(population.population(50, seed, population.make_older), 50):
                assert caller.post("/predict", json=body).status_code == 200
        for caller in clients:  # none of them has rows enough for figures of its own
            drift, metrics = caller.get("/models/credit/drift").json(), samples(caller)
            assert drift["window"]["rows"] == pytest.approx(300, rel=0.01)
            (age,) = [feature["psi"] for feature in drift["features"] if feature["name"] == "age"]
            assert metrics["slipway_drift_psi", "age", "credit", "value"] == pytest.approx(age)
            assert age > 0.25
            assert metrics["slipway_drift_rows", "credit"] == pytest.approx(drift["window"]["rows"])


def test_workers_add_up_the_drift_of_kinds_that_are_counted_by_parts_of_rows(tmp_path: Path) -> None:
    kinds.publish(tmp_path, 300)
    rows = [row | {"review": "good 好"} for row in kinds.rows(50, 3)]
    with workers(tmp_path) as (_, client), ExitStack() as stack:
        clients = [stack.enter_context(new_client(client.base_url)) for _ in range(6)]
        assert len({caller.get("/health").json()["pid"] for caller in clients}) == 2
        for caller in clients:
            assert caller.post("/predict", json={"instances": rows}).status_code == 200
        answers = [caller.get("/models/any/drift").json() for caller in clients]
    for answer in answers:
        assert answer["window"]["rows"] == pytest.approx(300, rel=0.01)
        (review,) = [feature for feature in answer["features"] if feature["name"] == "review"]
        assert review["rates"]["unseen_token"] == pytest.approx(0.5)
        assert [(feature["name"], feature["quantity"]) for feature in answer["features"]] == kinds.QUANTITIES


def test_a_killed_worker_is_replaced_and_its_last_shown_counts_remain(models: Path) -> None:
    with workers(models) as (_, client), ExitStack() as stack:
        for _ in range(10):
            with new_client(client.base_url) as caller:
                caller.post("/predict", json=ONE)
        counted = samples(client)["slipway_rows_total", "credit"]
        before = pids(client)
        own = client.get("/health").json()["pid"]
        victim = next(pid for pid in before if pid != own)
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{victim}").exists())  # connections sent to it until then are lost with it
        for _ in range(20):
            with new_client(client.base_url) as caller:
                assert caller.post("/predict", json=ONE).status_code == 200
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        after = pids(client)
        assert victim not in after
        assert None not in after
        assert own in after
        assert samples(client)["slipway_rows_total", "credit"] == counted + 20
        clients = [stack.enter_context(new_client(client.base_url)) for _ in range(8)]
        assert {caller.get("/health").json()["pid"] for caller in clients} == set(after)


def test_every_worker_reports_a_hung_one_which_gets_no_new_connections(models: Path) -> None:
    with workers(models) as (_, client):
        health = client.get("/health").json()
        (hung,) = [number for number, worker in enumerate(health["workers"]) if worker["pid"] != health["pid"]]
        os.kill(health["workers"][hung]["pid"], signal.SIGSTOP)
        try:
            response = client.get("/health/ready")
            assert response.status_code == 503
            assert response.json()["reasons"] == [f"worker {hung}: it did not answer within 2 s"]
            now = client.get("/health").json()
            assert now["workers"][hung]["pid"] is None
            assert now["workers"][1 - hung]["ready"] is True
            for _ in range(8):
                with new_client(client.base_url) as caller:
                    assert caller.post("/predict", json=ONE, timeout=2).status_code == 200
            assert client.get("/metrics").status_code == 200
        finally:
            os.kill(health["workers"][hung]["pid"], signal.SIGCONT)
        wait_until(lambda: client.get("/health/ready").status_code == 200)


def test_every_worker_reports_a_model_that_one_could_not_load(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    with workers(tmp_path) as (_, client):
        health = client.get("/health").json()
        (killed,) = [number for number, worker in enumerate(health["workers"]) if worker["pid"] != health["pid"]]
        (tmp_path / "credit/1/model.onnx").write_bytes(b"not a graph")
        os.kill(health["workers"][killed]["pid"], signal.SIGKILL)
        wait_until(lambda: "was refused" in client.get("/health/ready").text)
        for _ in range(6):  # all go to the worker that can answer
            with new_client(client.base_url) as caller:
                assert caller.post("/predict", json=ONE).status_code == 200
                (reason,) = caller.get("/health/ready").json()["reasons"]
                assert re.match(f"worker {killed}: credit:1 was refused", reason)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_all_workers_and_the_exit_is_clean(models: Path, ending: signal.Signals) -> None:
    body = json.dumps(ONE).encode()
    with workers(models) as (process, client):
        callers = [http.client.HTTPConnection(client.base_url.host, client.base_url.port or 0) for _ in range(4)]
        for caller in callers:
            caller.putrequest("POST", "/predict")
            caller.putheader("Content-Type", "application/json")
            caller.putheader("Content-Length", str(len(body)))
            caller.endheaders(body[:10])
        wait_until(lambda: samples(client)["slipway_in_flight_requests",] == 5)
        process.send_signal(ending)
        time.sleep(0.5)
        for caller in callers:
            caller.send(body[10:])
            answer = caller.getresponse()
            assert (answer.status, answer.getheader("connection")) == (200, "close")
            assert len(json.loads(answer.read())["predictions"]) == 1
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_connections_are_refused_while_workers_drain(models: Path) -> None:
    with workers(models) as (process, client):
        address = client.base_url.host, client.base_url.port or 0
        with socket.create_connection(address) as caller:
            head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
            caller.sendall(head + b"{")  # and no more: the request stays in flight
            wait_until(lambda: samples(client)["slipway_in_flight_requests",] == 2)
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: _is_refused(address))
            assert process.poll() is None


def _is_refused(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_service_whose_workers_cannot_start_ends(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)  # no Unix socket can be bound there
    folder.mkdir()
    command = [sys.executable, "-m", "app", "serve", "--workers", "2", "--port", "0", "--models", str(models)]
    environment = {**os.environ, "TMPDIR": str(folder)}
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, timeout=60)
    assert ended.returncode == 3
    assert list(folder.iterdir()) == []


def test_spawned_workers_serve_as_forked_ones_do(models: Path) -> None:
    """Workers are spawned on macOS: what they are given must be picklable, and they import what they need."""
    command = ["-c", _SPAWNING, "serve", "--workers", "2", "--models", str(models)]
    port = free_port()
    with spawned(models, command=[*command, "--port", str(port)], port=port) as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        for pid in pids(client):
            assert "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
        assert client.post("/predict", json=ONE).status_code == 200
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors


def test_workers_end_with_their_supervisor_and_leave_no_files(models: Path, tmp_path: Path) -> None:
    with workers(models, folder=str(tmp_path)) as (process, client):
        own = [pid for pid in pids(client) if pid is not None]
        process.kill()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in own))
    assert list(tmp_path.iterdir()) == []
