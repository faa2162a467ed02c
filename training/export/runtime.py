"""Runs of an exported graph in onnxruntime on the CPU, which every server can reproduce.

Tests: tests/training/export/test_export.py, tests/training/export/test_quantize.py
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Unless this is set before its import, onnxruntime sends telemetry on the machine and its sessions.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort

ERRORS_ONLY = 3


class Graph:
    """An ONNX graph loaded from its bytes; onnxruntime raises exceptions of its own if it refuses them."""

    def __init__(self, content: bytes) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self._session.get_outputs()]

    def run(self, tensors: Mapping[str, NDArray[Any]], batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Return each output for all rows, run in batches of at most `batch_size` rows."""
        n_rows = len(next(iter(tensors.values())))
        batches = [
            self._session.run(
                self.outputs, {name: tensor[start : start + batch_size] for name, tensor in tensors.items()}
            )
            for start in range(0, n_rows, batch_size)
        ]
        return {name: np.concatenate([batch[index] for batch in batches]) for index, name in enumerate(self.outputs)}
