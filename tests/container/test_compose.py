"""The image and the compose file on a real engine: `make test-container`."""

import csv
import json
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import bundles
from tests.server import free_port, wait_until

pytestmark = pytest.mark.container

ROOT = Path(__file__).parents[2]
IMAGE, BASE = "slipway:cpu", "slipway:base"
LARGEST_BYTES = 400_000_000


@dataclass(frozen=True)
class Stack:
    """The service `api` of the compose file, as a project of its own."""

    port: int
    models: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        project = {"COMPOSE_PROJECT_NAME": f"slipway-test-{self.port}", "PORT": str(self.port)}
        return subprocess.Popen(
            [*_compose(), *arguments],
            cwd=ROOT,
            env=os.environ | project | {"MODELS": str(self.models)} | environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def container(self) -> str:
        return _output(self.compose("ps", "-q", "-a", "api"))

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    for tag, target in (IMAGE, "cpu"), (BASE, "base"):
        docker("build", "--quiet", "--tag", tag, "--target", target, str(ROOT))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder that the user of the image can read."""
    folder = tmp_path_factory.mktemp("models")
    bundles.publish(folder)
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[Stack]:
    """The service, ready; not to be stopped."""
    with composed(folder) as stack:
        yield stack


def test_own_layers_are_small() -> None:
    whole, base = (int(docker("image", "inspect", "--format", "{{.Size}}", one)) for one in (IMAGE, BASE))
    assert whole - base < LARGEST_BYTES


@pytest.mark.parametrize("module", ["tensorflow", "keras", "tf2onnx", "onnx", "sklearn", "pip", "uv"])
def test_the_image_is_without(module: str) -> None:
    code = f"import importlib.util; print(importlib.util.find_spec({module!r}))"
    assert docker("run", "--rm", "--entrypoint", "python", IMAGE, "-c", code) == "None"


def test_the_user_is_a_number_that_is_not_root() -> None:
    assert docker("image", "inspect", "--format", "{{.Config.User}}", IMAGE) == "10001:10001"
    assert docker("run", "--rm", "--entrypoint", "id", IMAGE, "-u") == "10001"


def test_the_image_holds_no_model() -> None:
    assert docker("run", "--rm", "--entrypoint", "ls", IMAGE, "-A", "/models") == ""


def test_without_a_model_the_health_check_fails() -> None:
    command = json.loads(docker("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", IMAGE))[1:]
    container = docker("run", "--rm", "--detach", IMAGE)
    try:
        wait_until(lambda: _exit_code(container, *(word.replace("ready", "live") for word in command)) == 0)
        assert _exit_code(container, *command) == 1
    finally:
        docker("kill", container)


def test_it_predicts_through_the_published_port(api: Stack) -> None:
    answer = httpx.post(f"{api.url}/predict", json={"instances": bundles.ROWS})
    assert answer.status_code == 200
    assert answer.json()["model"] == {"name": "credit", "version": 1}
    assert [one["label"] in ("good", "bad") for one in answer.json()["predictions"]] == [True] * len(bundles.ROWS)


def test_it_is_healthy_to_a_caller_and_to_the_engine(api: Stack) -> None:
    answer = httpx.get(f"{api.url}/health")
    assert answer.status_code == 200
    assert answer.json()["models"][0]["provider"] == "CPUExecutionProvider"
    state = ("inspect", "--format", "{{.State.Health.Status}}", api.container())
    wait_until(lambda: docker(*state) == "healthy")


def test_nothing_of_it_can_be_written(api: Stack) -> None:
    found = json.loads(docker("inspect", api.container()))[0]
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert [(one["Destination"], one["RW"]) for one in found["Mounts"]] == [("/models", False)]


def test_a_request_in_flight_is_answered_before_a_clean_exit(folder: Path) -> None:
    body = json.dumps({"instances": bundles.ROWS}).encode()
    head = (
        "POST /predict HTTP/1.1\r\nHost: slipway\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with composed(folder) as stack, socket.create_connection(("127.0.0.1", stack.port), timeout=30) as caller:
        caller.sendall(head.encode())
        assert b"100 Continue" in caller.recv(1024)  # the service is in the middle of this request
        stopping = stack.compose("stop", "api")
        wait_until(lambda: not stack.answers())
        caller.sendall(body)
        assert caller.recv(65536).startswith(b"HTTP/1.1 200 OK")
        _output(stopping)
        assert docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", stack.container()) == "exited 0"


def test_the_load_test_reports_requests_and_no_failure(folder: Path, tmp_path: Path) -> None:
    docker("build", "--quiet", "--tag", "slipway:loadtest", "--target", "loadtest", str(ROOT))
    stack = Stack(free_port(), folder)
    owner = f"{os.getuid()}:{os.getgid()}"
    try:
        up = ("--profile", "loadtest", "up", "--no-build", "--exit-code-from", "loadtest")
        _output(stack.compose(*up, REPORTS=str(tmp_path), OWNER=owner, LOADTEST_SECONDS="4"))
    finally:
        _output(stack.compose("--profile", "loadtest", "down", "--timeout", "5"))
    with (tmp_path / "report_stats.csv").open() as table:
        *kinds, total = csv.DictReader(table)
    assert {"1 row", "32 rows"} <= {one["Name"] for one in kinds}
    assert int(total["Request Count"]) > 100
    assert int(total["Failure Count"]) == 0
    assert "1 row" in (tmp_path / "report.html").read_text()


@contextmanager
def composed(models: Path) -> Iterator[Stack]:
    """The compose file brought up, and ready; taken down at the end."""
    stack = Stack(free_port(), models)
    try:
        _output(stack.compose("up", "--detach", "--no-build", "api"))
        wait_until(lambda: stack.answers() and httpx.get(f"{stack.url}/health/ready").status_code == 200)
        yield stack
    finally:
        _output(stack.compose("down", "--timeout", "5"))


def docker(*arguments: str) -> str:
    """Return what a command of the engine prints."""
    return _output(subprocess.Popen(["docker", *arguments], stdout=subprocess.PIPE, text=True))


def _exit_code(container: str, *command: str) -> int:
    return subprocess.run(["docker", "exec", container, *command], check=False, capture_output=True).returncode


def _output(process: subprocess.Popen[str]) -> str:
    printed, _ = process.communicate()
    assert process.returncode == 0, f"{process.args!r} exited with {process.returncode}: {printed}"
    return printed.strip()


def _compose() -> Sequence[str]:
    plugin = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]
