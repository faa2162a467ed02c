"""Which providers a session asks for, and whether it got them: never another in silence."""

from collections.abc import Mapping, Sequence

import onnxruntime as ort

from app.bundle.errors import BundleError
from app.session.gpu import CUDA, GPU_PROVIDERS, cuda

CPU = "CPUExecutionProvider"


def available_providers() -> list[str]:
    """Providers that this build of onnxruntime brings; what runs a graph, only its session knows."""
    return list(ort.get_available_providers())


def wanted(named: Sequence[str] | None) -> list[str]:
    """Providers to ask for, in order, the CPU last: those named, or CUDA where it is usable.

    Raises BundleError where one that is named is not installed, or not usable here.
    """
    if named is None:
        return [CUDA, CPU] if cuda().usable else [CPU]
    available = available_providers()
    for name in named:
        if name not in available:
            raise _refusal(name, f"this onnxruntime brings {', '.join(available)}")
        if name in GPU_PROVIDERS and not cuda().usable:
            raise _refusal(name, cuda().reason)
    return list(dict.fromkeys([*named, CPU]))


def check(named: Sequence[str], started: Sequence[str], nodes: Mapping[str, int]) -> None:
    """Hold a session to the providers that were named.

    Raises BundleError where onnxruntime went on without one of them, or where the first runs no node of the graph.
    """
    for name in named:
        if name not in started:
            raise _refusal(name, "onnxruntime could not start it, standard error has its reason")
    if not nodes.get(named[0]):
        raise _refusal(named[0], f"it runs no node of this graph; {', '.join(nodes)} would")


def _refusal(name: str, reason: str) -> BundleError:
    return BundleError(f"SLIPWAY_PROVIDERS names {name}, but {reason}")
