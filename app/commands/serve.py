"""`python -m app serve`: uvicorn, with a word to the person who started it."""

import gc
import json
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import uvicorn

from app.bundle import store
from app.bundle.errors import BundleError
from app.bundle.manifest import Manifest
from app.settings import Settings
from app.telemetry import json_logging
from app.workers.supervisor import FORKS, Supervisor

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.state import AppState

_BACKLOG = 2048
_OPTIONS: dict[str, Any] = {
    "http": "app.server.protocol:PredictProtocol",
    "ws": "none",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,  # nothing looks at a client's address or scheme
    "server_header": False,
}


def serve(settings: Settings, host: str, port: int) -> int:
    """Serve until a signal ends it; the exit code."""
    return _serve_alone(settings, host, port) if settings.workers == 1 else _serve_together(settings, host, port)


def _serve_alone(settings: Settings, host: str, port: int) -> int:
    # uvicorn drains, then raises the signal again for whoever listened before: that ends the process with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _greet(settings, host, port)
    with _importing():
        from app.lazy_app import LazyApp
        from app.state import AppState

    app = LazyApp(AppState(settings), _build)
    uvicorn.run(app, host=host, port=port, lifespan="on", **_OPTIONS)
    return 0


def _build(state: "AppState") -> "FastAPI":
    with _importing():
        from app.main import build

    return build(state)


def _serve_together(settings: Settings, host: str, port: int) -> int:
    json_logging.configure(settings)
    with uvicorn.Config("", host=host, port=port, log_config=None).bind_socket() as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted connections inherit it
        listener.listen(_BACKLOG)
        _greet(settings, host, listener.getsockname()[1])
        if FORKS:
            with _importing():
                from app import main  # noqa: F401 once for all workers
                from app.workers import worker  # noqa: F401
        with TemporaryDirectory(prefix="slipway-") as folder:
            entry = partial(_work, settings, Path(folder))
            return Supervisor(entry, settings.workers, listener).run()


def _work(settings: Settings, folder: Path, number: int, channel: socket.socket) -> None:
    """Run a worker; a process that was not forked imports here what it needs."""
    from app.main import create_app
    from app.workers.peers import WorkerSlot
    from app.workers.worker import work

    work(partial(create_app, settings), WorkerSlot(number, settings.workers, folder), _OPTIONS, channel)


@contextmanager
def _importing() -> Iterator[None]:
    """Nothing that an import makes is garbage: do not look for any, then or later (workers share its pages)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _greet(settings: Settings, host: str, port: int) -> None:
    """Say where it listens and what to type; the logs on standard error say how it goes on."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 compared, not bound
    address = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    print(f"Slipway on {address} · documentation {address}/docs · health {address}/health", flush=True)
    for name in store.model_names(settings.models_dir):
        manifest = _newest(settings, name)
        if manifest is not None:
            instance = {feature.name: feature.example for feature in manifest.features}
            body = shlex.quote(json.dumps({"instances": [instance]}, ensure_ascii=False))
            print(f"\n{name}:{manifest.version}, try:\n")
            print(f"curl {address}/models/{name}/predict -H 'Content-Type: application/json' -d {body}\n", flush=True)


def _newest(settings: Settings, name: str) -> Manifest | None:
    for version in store.versions(settings.models_dir, name):
        try:
            return store.read(settings.models_dir, name, version, settings.precision).manifest
        except BundleError:
            continue
    return None
