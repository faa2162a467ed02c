"""Graphs loaded into onnxruntime. No other package of the service imports onnxruntime.

Tests: tests/app/session/test_session.py (no usage data is sent), tests/test_imports.py (the only importer)
"""

import os

# onnxruntime's official builds send usage data to Microsoft unless this is set before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from app.session.gpu import CUDA, GPU_PROVIDERS, cuda_status
from app.session.providers import CPU, available_providers
from app.session.session import Session

__all__ = ["CPU", "CUDA", "GPU_PROVIDERS", "Session", "available_providers", "cuda_status"]
