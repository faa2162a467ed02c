"""Code that the peers share: loading the graph, and running it on the rows of a request."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from benchmarks.serving.contract import FEATURES, MODEL

FOLDER = "BENCH_FOLDER"
"""Environment variable that holds the benchmark's folder."""


def folder() -> Path:
    """Return the benchmark's folder."""
    return Path(os.environ[FOLDER])


def session(threads: int = 1) -> ort.InferenceSession:
    """Return a session of the graph; 0 threads means onnxruntime's default."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(folder() / MODEL, options, providers=["CPUExecutionProvider"])


def matrix(instances: Iterable[Mapping[str, float]]) -> NDArray[np.float32]:
    """Return the instances as a float32 array of shape (n_rows, 30)."""
    return np.array([[row[name] for name in FEATURES] for row in instances], dtype=np.float32)


def run(session: ort.InferenceSession, number: NDArray[np.float32]) -> list[float]:
    """Return the second label's probability of each row."""
    output: Any = session.run(["probability"], {"number": number})[0]
    values: list[float] = output[:, 0].tolist()
    return values
