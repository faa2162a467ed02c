"""What is CUDA's alone: whether it works here, how a session asks for it, and the thread that it runs on."""

import contextlib
import ctypes
import io
from dataclasses import dataclass
from functools import cache

import onnxruntime as ort

from app.session.thread import SerialThread

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
GPU_PROVIDERS = (TENSORRT, CUDA)
"""Providers that need the driver, and keep their tensors in the GPU's memory."""


@dataclass(frozen=True, slots=True)
class Cuda:
    """Whether a session may ask for CUDA, and why (not)."""

    usable: bool
    reason: str


@cache
def cuda() -> Cuda:
    """What can be known without a session; onnxruntime is never asked for a GPU that it cannot reach.

    Where a driver and a GPU are there, CUDA's libraries are loaded into the process, for sessions to find.
    """
    if CUDA not in ort.get_available_providers():
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


def cuda_options(graphs: bool) -> dict[str, str]:
    """Options of the CUDA provider, with or without CUDA graphs."""
    return {
        "use_tf32": "0",  # its ten-bit mantissas would answer otherwise than the CPU, by up to 1e-3
        # All shapes are known from the load on: an arena that grows by doubling would hold what nobody uses.
        "arena_extend_strategy": "kSameAsRequested",
        "enable_cuda_graph": "1" if graphs else "0",
    }


@cache
def gpu_thread() -> SerialThread:
    """The one thread of this process that talks to the GPU.

    onnxruntime keeps a CUDA graph with the thread that captured it, and no other thread may allocate while one does.
    """
    return SerialThread("slipway-gpu")
