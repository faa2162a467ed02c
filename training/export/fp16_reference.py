"""Reference arithmetic in half precision, as on a GPU.

On most CPUs onnxruntime computes an fp16 graph in float32, which hides values that overflow in half precision.

Tests: tests/training/export/test_quantize.py (half precision finds the overflow that onnxruntime hides)
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
    """Return each output of an fp16 graph for all rows, with every operator's result rounded to half precision.

    The rows are run in batches of at most `batch_size`; an overflow gives an infinity.
    """
    evaluator = ReferenceEvaluator(onnx.load_from_string(content))
    n_rows = len(next(iter(tensors.values())))
    with np.errstate(over="ignore", invalid="ignore"):  # an infinity is the result to report
        batches: list[Any] = [
            evaluator.run(None, {name: tensor[start : start + batch_size] for name, tensor in tensors.items()})
            for start in range(0, n_rows, batch_size)
        ]
    return {
        name: np.concatenate([batch[index] for batch in batches]) for index, name in enumerate(evaluator.output_names)
    }
