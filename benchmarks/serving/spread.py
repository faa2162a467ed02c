"""How evenly workers share connections, and what a connection costs, for three ways to distribute them.

`python -m benchmarks.serving.spread` starts the service each way on loopback, without a model. It repeatedly opens
connections, asks over each which process answers, and closes them; then it sends one request over each of many
connections to measure their cost.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

import uvicorn

from benchmarks.serving.processes import usage

_CONNECTIONS = (16, 64)
_COSTED_CONNECTIONS = 3000
_START_SECONDS = 60.0
_APP = "app.main:create_app"
_PROTOCOL = "app.server.protocol:PredictProtocol"
_WAYS = {
    "one socket that all accept from (uvicorn's workers)": ["uvicorn", _APP, "--factory", "--http", _PROTOCOL],
    "a socket each (SO_REUSEPORT)": ["benchmarks.serving.spread", "--serve"],
    "handed on by the supervisor (the service's own)": ["app", "serve"],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.spread", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--rounds", type=int, default=20, help="how often to open the connections (20)")
    parser.add_argument("--serve", action="store_true", help="run the server with one socket per worker")
    parser.add_argument("--port", type=int, default=8000, help="port of that server (8000)")
    options = parser.parse_args(arguments)
    if options.serve:
        _serve_with_a_socket_each(options.port, options.workers)
        return 0
    counts = " | ".join(f"{count} connections" for count in _CONNECTIONS)
    print(f"| connections of the busiest of {options.workers} workers, median (worst) | {counts} | CPU µs/connection |")
    print("|---|" + "---:|" * (len(_CONNECTIONS) + 1))
    for way, command in _WAYS.items():
        with _running(command, options.workers) as (pid, port):
            busiest = [[_busiest(port, count) for _ in range(options.rounds)] for count in _CONNECTIONS]
            shown = " | ".join(f"{statistics.median(counts):g} ({max(counts)})" for counts in busiest)
            print(f"| {way} | {shown} | {_connection_cost(pid, port):.0f} |", flush=True)
    return 0


@contextmanager
def _running(command: Sequence[str], workers: int) -> Iterator[tuple[int, int]]:
    """Start a service and yield the id of its top process and its port, once its workers have had time to start."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as empty:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(port), "--workers", str(workers)],
            env={**os.environ, "SLIPWAY_MODELS_DIR": empty, "SLIPWAY_ACCESS_LOG": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await(port, workers)
            yield process.pid, port
        finally:
            process.terminate()
            process.wait()


def _await(port: int, workers: int) -> None:
    """Wait for the first answer, and then long enough for all workers to start."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            _ask(port)
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(2.0 * workers)
            return
    raise RuntimeError(f"a server must answer within {_START_SECONDS:g} s")


def _busiest(port: int, count: int) -> int:
    """Open so many connections and return how many of them the busiest worker holds."""
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(_connect(port))) for _ in range(count)]
        answered = Counter(_pid(connection) for connection in connections)
    time.sleep(0.05)
    return max(answered.values())


def _connection_cost(pid: int, port: int) -> float:
    """Return the server's CPU microseconds to accept a connection, answer one request and close."""
    before = usage(pid).cpu_seconds
    for _ in range(_COSTED_CONNECTIONS):
        _ask(port)
    return (usage(pid).cpu_seconds - before) / _COSTED_CONNECTIONS * 1e6


def _ask(port: int) -> None:
    with closing(_connect(port)) as connection:
        connection.request("GET", "/health/live")
        connection.getresponse().read()


def _connect(port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    return connection


def _pid(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/health")
    pid: int = json.loads(connection.getresponse().read())["pid"]
    return pid


def _serve_with_a_socket_each(port: int, workers: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # ends the daemon processes too
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_serve_with_own_socket, args=(port,), daemon=True) for _ in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _serve_with_own_socket(port: int) -> None:
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.bind(("127.0.0.1", port))
    uvicorn.Server(uvicorn.Config(_APP, factory=True, http=_PROTOCOL, log_config=None, access_log=False)).run([own])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(main())
