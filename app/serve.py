"""`python -m app serve`: uvicorn, with a word to the person who started it."""

import json
import os
import shlex
import signal
import sys

import uvicorn

from app.bundle import store
from app.bundle.base import BundleError
from app.bundle.manifest import Manifest
from app.settings import Settings


def serve(settings: Settings, host: str, port: int) -> int:
    """Serve until a signal ends it; the exit code."""
    # The workers are processes of their own: the environment is what reaches them.
    os.environ["SLIPWAY_WORKERS"] = str(settings.workers)
    os.environ["SLIPWAY_MODELS_DIR"] = str(settings.models_dir)
    # uvicorn drains, then raises the signal again for whoever listened before: that ends the process with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _greet(settings, host, port)
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=settings.workers,
        http="app.protocol:PredictProtocol",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    return 0


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
            return store.read(settings.models_dir, name, version).manifest
        except BundleError:
            continue
    return None
