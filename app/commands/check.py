"""`python -m app check`: what works here, what does not, and why."""

import platform
from importlib.metadata import version

from app.bundle import store
from app.bundle.errors import BundleError
from app.cpus import available_cpus
from app.models.model import Model
from app.session import available_providers, cuda_status
from app.settings import Settings


def check(settings: Settings) -> int:
    """Print what a service started here would find, and return 1 where it could not serve every model, else 0."""
    _line("python", f"{platform.python_version()} on {platform.platform()}")
    _line("slipway", version("slipway"))
    _line("providers", ", ".join(available_providers()))
    _line("cuda", f"{'usable' if cuda_status().usable else 'not usable'}: {cuda_status().reason}")
    _line("threads", f"{available_cpus()} cores granted, {settings.threads} a session ({settings.workers} workers)")
    _line("precision", settings.precision)
    _line("models", str(settings.models_dir.resolve()))
    names = store.model_names(settings.models_dir)
    if not names:
        _line("", "no model was found there")
    held = [_check_model(settings, name) for name in names]
    return 0 if held and all(held) else 1


def _check_model(settings: Settings, name: str) -> bool:
    """Verify every version, and return whether the newest one is valid."""
    versions = store.versions(settings.models_dir, name)
    if not versions:
        _line("", f"{name}: no version was found")
    held = [_check_version(settings, name, version) for version in versions]
    return bool(held) and held[0]


def _check_version(settings: Settings, name: str, number: int) -> bool:
    try:
        bundle = store.verify(settings.models_dir, name, number, settings.precision)
        model = Model(bundle, settings)
    except BundleError as error:
        _line("", f"{name}:{number} refused: {error}")
        return False
    nodes = ", ".join(f"{count} nodes on {provider}" for provider, count in model.session.nodes.items())
    if model.session.on_gpu:
        nodes += f", {'with' if model.session.cuda_graphs else 'without'} CUDA graphs"
    _line("", f"{name}:{number} holds: digests, schemas and {len(bundle.golden.rows)} golden rows; {nodes}")
    return True


def _line(label: str, text: str) -> None:
    print(f"{label:<10} {text}")
