"""The execution providers that a session asks for, and a check that it got them: no silent fallback to the CPU."""

from collections.abc import Mapping, Sequence

import onnxruntime as ort

from app.bundle.errors import BundleError
from app.session.gpu import CUDA, GPU_PROVIDERS, cuda_status

CPU = "CPUExecutionProvider"


def available_providers() -> list[str]:
    """Return the providers built into this onnxruntime, whether or not they work on this machine."""
    return list(ort.get_available_providers())


def resolve_providers(requested: Sequence[str] | None) -> list[str]:
    """Return the providers to start a session with, in order of preference, the CPU last.

    Without a request (None) these are CUDA, if it is usable, and the CPU. Raises BundleError if a requested provider is
    not built into this onnxruntime, or needs a GPU that is not usable.
    """
    if requested is None:
        return [CUDA, CPU] if cuda_status().usable else [CPU]
    available = available_providers()
    for provider in requested:
        if provider not in available:
            raise _refusal(provider, f"this onnxruntime brings {', '.join(available)}")
        if provider in GPU_PROVIDERS and not cuda_status().usable:
            raise _refusal(provider, cuda_status().reason)
    return list(dict.fromkeys([*requested, CPU]))


def check_providers(requested: Sequence[str], started: Sequence[str], nodes: Mapping[str, int]) -> None:
    """Check that a session runs on the providers that were requested.

    `nodes` is the number of the graph's nodes that each provider runs. Raises BundleError if onnxruntime went on
    without one of the requested providers, or if the first of them runs no node.
    """
    for provider in requested:
        if provider not in started:
            raise _refusal(provider, "onnxruntime could not start it; standard error shows why")
    if not nodes.get(requested[0]):
        raise _refusal(requested[0], f"it runs no node of this graph; {', '.join(nodes)} would")


def _refusal(provider: str, reason: str) -> BundleError:
    return BundleError(f"SLIPWAY_PROVIDERS names {provider}, but {reason}")
