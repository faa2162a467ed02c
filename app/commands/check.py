"""`slipway check`: what works on this machine, what does not, and why."""

import platform
from importlib import metadata

from app.bundle import store
from app.bundle.errors import BundleError
from app.cpus import available_cpus
from app.models.model import Model
from app.session import available_providers, cuda_status
from app.settings import Settings


def check(settings: Settings) -> int:
    """Print what a service started here would find, and return the exit code.

    It is 0 if there are models and the newest version of each can be served, else 1.
    """
    _line("python", f"{platform.python_version()} on {platform.platform()}")
    _line("slipway", metadata.version("slipway"))
    _line("providers", ", ".join(available_providers()))
    _line("cuda", f"{'usable' if cuda_status().usable else 'not usable'}: {cuda_status().reason}")
    _line("threads", f"{available_cpus()} cores granted, {settings.threads} per session (workers: {settings.workers})")
    _line("precision", settings.precision)
    _line("models", str(settings.models_dir.resolve()))
    names = store.model_names(settings.models_dir)
    if not names:
        _line("", "no model was found in this folder")
    can_serve = [_check_model(settings, name) for name in names]
    return 0 if can_serve and all(can_serve) else 1


def _check_model(settings: Settings, name: str) -> bool:
    """Verify every version of a model, and return whether the newest one can be served."""
    versions = store.versions(settings.models_dir, name)
    if not versions:
        _line("", f"{name}: no version was found")
    can_serve = [_check_version(settings, name, version) for version in versions]
    return bool(can_serve) and can_serve[0]


def _check_version(settings: Settings, name: str, version: int) -> bool:
    try:
        bundle = store.verify(settings.models_dir, name, version, settings.precision)
        model = Model(bundle, settings)
    except BundleError as error:
        _line("", f"{name}:{version} is refused: {error}")
        return False
    nodes = ", ".join(f"{count} nodes on {provider}" for provider, count in model.session.nodes.items())
    if model.session.on_gpu:
        nodes += f", {'with' if model.session.cuda_graphs else 'without'} CUDA graphs"
    _line("", f"{name}:{version} is valid: digests, schemas and {len(bundle.golden.rows)} golden rows; {nodes}")
    return True


def _line(label: str, text: str) -> None:
    print(f"{label:<10} {text}")
