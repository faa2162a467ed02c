"""The graph at work: the only importers of onnxruntime."""

import os

# Unless told not to before its import, onnxruntime reports the machine and its sessions to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from app.session.gpu import CUDA, GPU_PROVIDERS, cuda
from app.session.providers import CPU, available_providers
from app.session.session import Session

__all__ = ["CPU", "CUDA", "GPU_PROVIDERS", "Session", "available_providers", "cuda"]
