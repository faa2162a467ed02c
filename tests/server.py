"""The real service on a real socket: in this process for speed, or in one of its own."""

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from app.main import create_app
from app.server.protocol import PredictProtocol
from app.settings import Settings

# To load the certificates of a default context takes 20 ms a client, and no test uses TLS.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@contextmanager
def running(settings: Settings, **options: Any) -> Iterator[httpx.Client]:
    """Run a uvicorn with these options in a thread, and yield a client once its models are loaded."""
    options = {"http": PredictProtocol, "log_config": None, "server_header": False} | options
    config = uvicorn.Config(create_app(settings), port=0, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with new_client(f"http://127.0.0.1:{port}") as client:
            wait_until(lambda: client.get("/health/ready").json()["reasons"] != ["models are being loaded"])
            yield client
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def spawned(
    models: Path,
    *arguments: str,
    python: Path | str = sys.executable,
    command: Sequence[str] = (),
    port: int = 0,
    **environment: str,
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Run `python -m app serve` (or another command) in a process of its own, and yield it once it listens."""
    port = port or free_port()
    command = command or ["-m", "app", "serve", "--models", str(models), "--port", str(port), *arguments]
    process = subprocess.Popen(
        [python, *command],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with new_client(f"http://127.0.0.1:{port}") as client:
            wait_until(lambda: _listens(client))
            yield process, client
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def new_client(base_url: httpx.URL | str) -> httpx.Client:
    """Return a client with connections of its own."""
    return httpx.Client(base_url=base_url, timeout=30, verify=_NO_CERTIFICATES)


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until(condition: object, seconds: float = 30.0) -> None:
    """Wait until the condition holds, and fail the test if it does not in time."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _listens(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False
