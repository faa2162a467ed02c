"""A graph that explains a bundle of `tests.bundles`, whose scores are sums, so that each contribution is known."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.bundle.manifest import Explanation, ExplanationCertificate, Task
from tests import bundles

PLACES = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float32)
"""The feature of each input: age, income, whether that is missing, home, job title."""
SHIFT = 0.25
"""The amount added to the scores beyond the sums, which must come back as the gap."""

DESCRIBED = Explanation(
    steps=1,
    parity=ExplanationCertificate(
        rows=3,
        edge_rows=1,
        largest_difference=0,
        answer_difference=0,
        tolerance=1e-3,
        median_gap=0,
        largest_gap=0,
        versions={"onnxruntime": "1"},
    ),
)


def publish(models: Path, name: str = "credit", task: Task = "binary", **options: Any) -> int:
    """Publish a bundle as `bundles.publish` does, with an explanation."""
    return bundles.publish(models, name, task, explainer=explanation_graph(task), explanation=DESCRIBED, **options)


def weights(task: Task, seed: int = 0) -> NDArray[np.float32]:
    """Return the weights of the bundle's graph, of shape (5, 1); with several labels, those of the first."""
    return bundles.weights(task, seed)[:, :1]


def explanation_graph(task: Task = "binary", seed: int = 0, fixed_label: int = 2) -> bytes:
    """Return the explaining graph as ONNX bytes; with several labels it explains `fixed_label`."""
    constants = [
        numpy_helper.from_array(weights(task, seed).T.copy(), "weights"),
        numpy_helper.from_array(PLACES, "places"),
        numpy_helper.from_array(np.array([[SHIFT]], dtype=np.float32), "shift"),
        numpy_helper.from_array(np.array([fixed_label], dtype=np.int32), "fixed"),
    ]
    nodes = [
        helper.make_node("Cast", ["category"], ["codes"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["number", "codes"], ["fused"], axis=1),
        helper.make_node("Mul", ["fused", "weights"], ["terms"]),
        helper.make_node("MatMul", ["terms", "places"], ["contributions"]),
        helper.make_node("ReduceSum", ["terms"], ["sum"], keepdims=1),
        helper.make_node("Add", ["sum", "shift"], ["score"]),
        helper.make_node("Sub", ["shift", "shift"], ["baseline"]),
    ]
    outputs = [
        helper.make_tensor_value_info("contributions", TensorProto.FLOAT, [1, 4]),
        helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 1]),
        helper.make_tensor_value_info("baseline", TensorProto.FLOAT, [1, 1]),
    ]
    if task == "multiclass":
        nodes.append(helper.make_node("Identity", ["fixed"], ["label"]))
        outputs.append(helper.make_tensor_value_info("label", TensorProto.INT32, [1]))
    inputs = [
        helper.make_tensor_value_info("number", TensorProto.FLOAT, [1, 3]),
        helper.make_tensor_value_info("category", TensorProto.INT32, [1, 2]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "explanation", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=10,
    )
    content: bytes = model.SerializeToString()
    return content
