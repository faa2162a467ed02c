"""Arithmetic in half precision, as a GPU has it.

On most CPUs onnxruntime computes an fp16 graph in float32: a value too large for half precision goes unseen there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator


def run_in_half_precision(
    content: bytes, tensors: Mapping[str, NDArray[Any]], batch_size: int
) -> dict[str, NDArray[np.float32]]:
    """Each output of all rows of an fp16 graph, every operator's result rounded to half precision."""
    evaluator = ReferenceEvaluator(onnx.load_from_string(content))
    n_rows = len(next(iter(tensors.values())))
    with np.errstate(over="ignore", invalid="ignore"):  # an infinity is the finding, not an accident
        batches: list[Any] = [
            evaluator.run(None, {name: one[start : start + batch_size] for name, one in tensors.items()})
            for start in range(0, n_rows, batch_size)
        ]
    return {name: np.concatenate([one[index] for one in batches]) for index, name in enumerate(evaluator.output_names)}
