"""What the peers share: the graph, found by the environment, and their part of the answer's form."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from benchmarks.serving.contract import FEATURES, MODEL

FOLDER = "BENCH_FOLDER"
"""Environment variable: the folder that the harness made."""


def folder() -> Path:
    """The folder that the harness made."""
    return Path(os.environ[FOLDER])


def session(threads: int = 1) -> ort.InferenceSession:
    """The graph; 0 threads is onnxruntime's own default."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(folder() / MODEL, options, providers=["CPUExecutionProvider"])


def matrix(instances: Iterable[Mapping[str, float]]) -> NDArray[np.float32]:
    """Float32 array of shape (n_rows, 30)."""
    return np.array([[row[name] for name in FEATURES] for row in instances], dtype=np.float32)


def run(session: ort.InferenceSession, number: NDArray[np.float32]) -> list[float]:
    """The second label's probability of each row."""
    output: Any = session.run(["probability"], {"number": number})[0]
    values: list[float] = output[:, 0].tolist()
    return values
