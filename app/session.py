"""The graph at work: the only importer of onnxruntime."""

import contextlib
import ctypes
import io
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.base import BundleError

# Unless told not to before its import, onnxruntime reports the machine and its sessions to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_RECORD_ASSIGNMENT = "session.record_ep_graph_assignment_info"
_ALLOW_SPINNING = "session.intra_op.allow_spinning"
_EXTERNAL_DATA = b"\n\x08location\x12"  # the key of a protobuf entry that only tensors outside the file have
_ERRORS_ONLY = 3


@dataclass(frozen=True, slots=True)
class Cuda:
    """Whether a session may ask for CUDA, and why (not)."""

    usable: bool
    reason: str


def available_providers() -> list[str]:
    """Providers that this build of onnxruntime brings; what runs a graph, only its session knows."""
    return list(ort.get_available_providers())


@cache
def cuda() -> Cuda:
    """What can be known without a session; onnxruntime is never asked for a GPU that it cannot reach.

    Where a driver and a GPU are there, CUDA's libraries are loaded into the process, for sessions to find.
    """
    if CUDA not in available_providers():
        return Cuda(False, "this onnxruntime is the CPU build (install the extra `gpu` for CUDA)")
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Cuda(False, "no NVIDIA driver is installed (libcuda.so.1 was not found)")
    gpus, supported = ctypes.c_int(0), ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(gpus)) != 0 or gpus.value == 0:
        return Cuda(False, "the NVIDIA driver finds no GPU")
    driver.cuDriverGetVersion(ctypes.byref(supported))  # 12080 is CUDA 12.8
    major, minor = supported.value // 1000, supported.value % 1000 // 10
    needed = int(ort.cuda_version.split(".")[0])
    if major < needed:
        return Cuda(False, f"the NVIDIA driver supports CUDA {major}.{minor}, this onnxruntime needs CUDA {needed}")
    fault = _load_cuda_libraries()
    if fault is not None:
        return Cuda(False, f"CUDA's libraries cannot be loaded ({fault}); the extra `gpu` brings them")
    return Cuda(True, f"{gpus.value} GPU{'s' if gpus.value > 1 else ''} found by the NVIDIA driver")


def _load_cuda_libraries() -> str | None:
    """Load them from the packages beside onnxruntime or from the system; the first that fails, None where none does."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):  # onnxruntime prints what fails, and raises nothing
        ort.preload_dlls()
    failures = [line for line in printed.getvalue().splitlines() if line.startswith("Failed to load ")]
    return failures[0].partition(": ")[2] if failures else None


class Session:
    """A graph loaded into onnxruntime. Safe to run from several threads; lives until it is dropped.

    Raises BundleError where onnxruntime cannot load the graph or the graph points outside its file.
    """

    def __init__(self, model: bytes, threads: int, file: str = "model.onnx") -> None:
        if _EXTERNAL_DATA in model:
            raise BundleError(f"{file} must hold all its weights, found external data")
        self.threads = threads
        try:
            self._session = ort.InferenceSession(model, self._options(threads), providers=self._wanted())
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise BundleError(f"onnxruntime cannot load {file}: {error}") from error
        self.inputs = {one.name: (one.type, list(one.shape)) for one in self._session.get_inputs()}
        self.outputs = [one.name for one in self._session.get_outputs()]
        self.nodes = self._nodes()

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name of inputs by name; the first axis of each is the batch."""
        outputs = self._session.run(self.outputs, dict(tensors))
        return {name: np.asarray(output) for name, output in zip(self.outputs, outputs, strict=True)}

    @property
    def provider(self) -> str:
        """The provider that runs most of the graph's nodes."""
        return max(self.nodes, key=lambda provider: self.nodes[provider])

    def _nodes(self) -> dict[str, int]:
        """How many nodes each provider runs, as onnxruntime assigned them."""
        counts: Counter[str] = Counter()
        for subgraph in self._session.get_provider_graph_assignment_info():
            counts[subgraph.ep_name] += len(subgraph.get_nodes())
        return dict(counts)

    @staticmethod
    def _wanted() -> list[str]:
        return [CUDA, CPU] if cuda().usable else [CPU]

    @staticmethod
    def _options(threads: int) -> ort.SessionOptions:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        options.add_session_config_entry(_RECORD_ASSIGNMENT, "1")
        # An idle thread that spins takes the core from the event loop and from the other workers.
        options.add_session_config_entry(_ALLOW_SPINNING, "0")
        return options
