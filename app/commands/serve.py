"""`slipway serve`: run uvicorn in one process or in several, and tell the user where it listens."""

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
    """Serve until a signal arrives, and return the exit code."""
    serve_processes = _serve_in_one_process if settings.workers == 1 else _serve_in_workers
    return serve_processes(settings, host, port)


def _serve_in_one_process(settings: Settings, host: str, port: int) -> int:
    # uvicorn drains, then raises the signal again for the handler that was there before: exit with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _print_welcome(settings, host, port)
    with _without_garbage_collection():
        from app.lazy_app import LazyApp
        from app.state import AppState

    app = LazyApp(AppState(settings), _build)
    uvicorn.run(app, host=host, port=port, lifespan="on", **_OPTIONS)
    return 0


def _build(state: "AppState") -> "FastAPI":
    with _without_garbage_collection():
        from app.main import build

    return build(state)


def _serve_in_workers(settings: Settings, host: str, port: int) -> int:
    json_logging.configure(settings)
    with uvicorn.Config("", host=host, port=port, log_config=None).bind_socket() as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted connections inherit it
        listener.listen(_BACKLOG)
        _print_welcome(settings, host, listener.getsockname()[1])
        if FORKS:
            with _without_garbage_collection():
                from app import main  # noqa: F401 once for all workers
                from app.workers import worker  # noqa: F401
        with TemporaryDirectory(prefix="slipway-") as folder:
            entry = partial(_run_worker, settings, Path(folder))
            return Supervisor(entry, settings.workers, listener).run()


def _run_worker(settings: Settings, folder: Path, number: int, channel: socket.socket) -> None:
    """Run one worker in its process, which imports the application here unless it was forked and has it."""
    from app.main import create_app
    from app.workers.peers import WorkerSlot
    from app.workers.worker import run_worker

    run_worker(partial(create_app, settings), WorkerSlot(number, settings.workers, folder), _OPTIONS, channel)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Run imports without garbage collection, and exempt all that they create from later collections.

    Imports leave no garbage, and a collection would write to memory that forked workers share.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _print_welcome(settings: Settings, host: str, port: int) -> None:
    """Print the address, and for each model a `curl` line that can be pasted; logs go to standard error."""
    shown_host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 compared, not bound
    address = f"http://[{shown_host}]:{port}" if ":" in shown_host else f"http://{shown_host}:{port}"
    print(f"Slipway on {address} · documentation {address}/docs · health {address}/health", flush=True)
    for name in store.model_names(settings.models_dir):
        manifest = _newest_readable(settings, name)
        if manifest is not None:
            instance = {feature.name: feature.example for feature in manifest.features}
            body = shlex.quote(json.dumps({"instances": [instance]}, ensure_ascii=False))
            print(f"\n{name}:{manifest.version}, try:\n")
            print(f"curl {address}/models/{name}/predict -H 'Content-Type: application/json' -d {body}\n", flush=True)


def _newest_readable(settings: Settings, name: str) -> Manifest | None:
    """Return the manifest of the newest version that can be read, None if there is none."""
    for version in store.versions(settings.models_dir, name):
        try:
            return store.read(settings.models_dir, name, version, settings.precision).manifest
        except BundleError:
            continue
    return None
