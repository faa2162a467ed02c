"""Every server under test, and how to start, check and stop it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.settings import Settings
from benchmarks.serving.client import check, post, supports
from benchmarks.serving.loads import Load
from benchmarks.serving.servers.common import FOLDER

_START_SECONDS, _STOP_SECONDS = 60.0, 15.0
_UVICORN = ["--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--no-access-log", "--log-level", "warning"]
_QUIET = {"SLIPWAY_LOG_LEVEL": "WARNING"}  # no peer logs each request


@dataclass(frozen=True)
class Server:
    """A program under test; `arguments` returns Python's, given a port, a worker count and the benchmark's folder."""

    name: str
    arguments: Callable[[int, int, Path], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    constant: bool = False
    """True where it gives every request the same answer."""
    json_only: bool = True
    """True where it reads only JSON objects; `takes` asks the other servers."""


@dataclass(frozen=True)
class Running:
    """A server that has answered its first request."""

    server: Server
    pid: int
    url: str
    start_seconds: float


def catalog() -> dict[str, Server]:
    """Return all servers by name, the limit first."""
    servers = [
        Server("limit", _uvicorn("limit"), constant=True, json_only=False),
        Server("asgi", _uvicorn("asgi")),
        Server("fastapi", _uvicorn("blog_post")),
        Server("mosec", _mosec),
        Server("slipway", _slipway, _QUIET, json_only=False),
        Server("slipway-logs", _slipway, json_only=False),
    ]
    if "fast_lane" in Settings.model_fields:
        servers.append(Server("slipway-asgi", _slipway, {**_QUIET, "SLIPWAY_FAST_LANE": "false"}, json_only=False))
    return {server.name: server for server in servers}


@contextmanager
def started(server: Server, workers: int, folder: Path, first: Load) -> Iterator[Running]:
    """Run a server on a free port of loopback, and yield it after its first answer.

    Raises RuntimeError, with the end of the server's log, if it does not answer in time.
    """
    port = _free_port()
    log = folder / f"{server.name}.log"
    # The settings of the calling environment must not change what is measured.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    environment = {**inherited, FOLDER: str(folder), "BENCH_WORKERS": str(workers), **server.environment}
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *server.arguments(port, workers, folder)],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a process group of its own, so that all of it can be killed
        )
        try:
            url = f"http://127.0.0.1:{port}/predict"
            _await_answer(server, process, url, first, log)
            yield Running(server, process.pid, url, time.perf_counter() - began)
        finally:
            _stop(process)


def takes(running: Running, load: Load) -> bool:
    """Return whether the server reads the load's format."""
    json_objects = load.bodies[0].startswith(b'{"instances"')
    return json_objects or (not running.server.json_only and supports(running.url, load))


def verify(running: Running, load: Load) -> None:
    """Raise RuntimeError if the server answers any body of the load wrongly."""
    check(running.url, load, constant=running.server.constant)


def _await_answer(server: Server, process: subprocess.Popen[bytes], url: str, first: Load, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            status, _, _ = post(url, first, first.bodies[0])
        except OSError:
            status = None
        if status == 200:
            return
        time.sleep(0.01)
    raise RuntimeError(
        f"{server.name} must answer within {_START_SECONDS:g} s; its log ends: {log.read_text()[-2000:]}"
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate a process, and kill what is left of its process group after a while."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _uvicorn(module: str) -> Callable[[int, int, Path], list[str]]:
    def arguments(port: int, workers: int, _: Path) -> list[str]:
        app = f"benchmarks.serving.servers.{module}:app"
        return ["-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), *_UVICORN]

    return arguments


def _mosec(port: int, _: int, folder: Path) -> list[str]:
    options = ["--address", "127.0.0.1", "--port", str(port), "--log-level", "warning", "--path", str(folder / "mosec")]
    return ["-m", "benchmarks.serving.servers.peer_mosec", *options]


def _slipway(port: int, workers: int, folder: Path) -> list[str]:
    models = str(folder / "models")
    return ["-m", "app", "serve", "--port", str(port), "--workers", str(workers), "--models", models]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
