"""The exported graph in onnxruntime, as training asks it: on the CPU, the reference that every server can match."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Unless told not to before its import, onnxruntime reports the machine and its sessions to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort

ERRORS_ONLY = 3


class Graph:
    """An ONNX graph loaded from its bytes; onnxruntime raises what it finds wrong with them."""

    def __init__(self, content: bytes) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.outputs = [one.name for one in self._session.get_outputs()]

    def run(self, tensors: Mapping[str, NDArray[Any]], batch_size: int) -> dict[str, NDArray[np.float32]]:
        """Each output of all rows, in batches of at most batch_size rows."""
        n_rows = len(next(iter(tensors.values())))
        batches = [
            self._session.run(self.outputs, {name: one[start : start + batch_size] for name, one in tensors.items()})
            for start in range(0, n_rows, batch_size)
        ]
        return {name: np.concatenate([one[index] for one in batches]) for index, name in enumerate(self.outputs)}
