"""CUDA: whether it works on this machine, the options of its provider, and the thread that talks to the GPU.

Tests: tests/app/session/test_session.py (reasons), tests/e2e/test_gpu_wheel.py (no GPU), tests/gpu/test_session.py (a
GPU)
"""

import contextlib
import ctypes
import io
from dataclasses import dataclass
from functools import cache

import onnxruntime as ort

from app.session.thread import SerialThread

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
GPU_PROVIDERS = (TENSORRT, CUDA)
"""Providers that need the NVIDIA driver and keep their tensors in GPU memory."""


@dataclass(frozen=True, slots=True)
class CudaStatus:
    """The status of CUDA on this machine: usable by a session or not, and the reason."""

    usable: bool
    reason: str


@cache
def cuda_status() -> CudaStatus:
    """Return whether CUDA is usable, found out without starting a session.

    onnxruntime is thus never asked for a GPU that it cannot reach, where it would fall back to the CPU. If there are a
    driver and a GPU, this loads CUDA's libraries into the process, where sessions find them.
    """
    if CUDA not in ort.get_available_providers():
        return CudaStatus(False, "this onnxruntime is the CPU build (install the extra `gpu` for CUDA)")
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return CudaStatus(False, "no NVIDIA driver is installed (libcuda.so.1 was not found)")
    gpus, supported = ctypes.c_int(0), ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(gpus)) != 0 or gpus.value == 0:
        return CudaStatus(False, "the NVIDIA driver finds no GPU")
    driver.cuDriverGetVersion(ctypes.byref(supported))  # 12080 is CUDA 12.8
    major, minor = supported.value // 1000, supported.value % 1000 // 10
    needed = int(ort.cuda_version.split(".")[0])
    if major < needed:
        reason = f"the NVIDIA driver supports CUDA {major}.{minor}, this onnxruntime needs CUDA {needed}"
        return CudaStatus(False, reason)
    fault = _load_cuda_libraries()
    if fault is not None:
        return CudaStatus(False, f"CUDA's libraries cannot be loaded ({fault}); the extra `gpu` brings them")
    return CudaStatus(True, f"{gpus.value} GPU{'s' if gpus.value > 1 else ''} found by the NVIDIA driver")


def _load_cuda_libraries() -> str | None:
    """Load CUDA's libraries from Python packages or the system, and return why the first failed (None: none did)."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):  # onnxruntime prints failures and raises nothing
        ort.preload_dlls()
    failures = [line for line in printed.getvalue().splitlines() if line.startswith("Failed to load ")]
    return failures[0].partition(": ")[2] if failures else None


def cuda_options(graphs: bool) -> dict[str, str]:
    """Return the options of the CUDA provider, with or without CUDA graphs."""
    return {
        "use_tf32": "0",  # TF32 has a 10-bit mantissa: answers would differ from the CPU's by up to 1e-3
        # All shapes are known once a model is loaded, so memory that grows by doubling would only be wasted.
        "arena_extend_strategy": "kSameAsRequested",
        "enable_cuda_graph": "1" if graphs else "0",
    }


@cache
def gpu_thread() -> SerialThread:
    """Return the one thread of this process that talks to the GPU.

    onnxruntime ties a CUDA graph to the thread that captured it, and no other thread may allocate GPU memory during a
    capture.
    """
    return SerialThread("slipway-gpu")
