"""The exported graph: named inputs and outputs, a dynamic batch axis, no external weights."""

from typing import Any

import numpy as np
import onnx
import pytest

from app.bundle.manifest import Task
from tests.training.tables import make_prepared
from training.config import NetworkConfig
from training.export.runtime import Graph

pytestmark = pytest.mark.tensorflow


def export(task: Task, **options: Any) -> tuple[Any, bytes]:
    from training.export.export import export_onnx
    from training.network.network import build

    model = build(make_prepared(task), NetworkConfig(**options))
    return model, export_onnx(model, task)


def axes(tensor: Any) -> list[int | str]:
    return [axis.dim_param or axis.dim_value for axis in tensor.type.tensor_type.shape.dim]


@pytest.mark.parametrize(
    ("task", "output", "width"),
    [("binary", "probability", 1), ("multiclass", "probabilities", 3), ("regression", "value", 1)],
)
def test_names_survive_and_the_batch_axis_is_dynamic(task: Task, output: str, width: int) -> None:
    _, content = export(task)
    graph = onnx.load_from_string(content).graph
    assert {tensor.name: axes(tensor) for tensor in graph.input} == {"number": ["batch", 3], "category": ["batch", 1]}
    assert {tensor.name: axes(tensor) for tensor in graph.output} == {output: ["batch", width]}


def test_batch_normalization_and_dropout_give_the_same_answers_in_the_graph() -> None:
    model, content = export("binary", batch_normalization=True, dropout=0.5)
    tensors = make_prepared("binary").test.tensors
    expected = model.predict(tensors, verbose=0)
    np.testing.assert_allclose(Graph(content).run(tensors, 3)["probability"], expected, atol=1e-6)


def test_codes_are_looked_up_without_nodes_for_negative_codes() -> None:
    _, content = export("binary")
    operators = [node.op_type for node in onnx.load_from_string(content).graph.node]
    assert "Gather" in operators
    assert "Less" not in operators
