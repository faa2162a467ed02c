"""The graph in lower precisions, with the same inputs and outputs."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from app.bundle.manifest import ReducedPrecision
from training.export.fp16_reference import run_in_half_precision
from training.export.quantize import REDUCTIONS, to_fp16, to_int8
from training.export.runtime import Graph

CODES = np.array([[0], [1], [2], [3], [4]], dtype=np.int32)
TENSORS = {"number": np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32), "category": CODES}


def graph(*widths: int) -> bytes:
    """Return a graph of numbers and an embedding followed by dense layers of these widths."""
    random = np.random.default_rng(0)
    weights = {"embedding": random.normal(size=(5, 2)).astype(np.float32)}
    nodes = [
        helper.make_node("Squeeze", ["category", "axis"], ["codes"]),
        helper.make_node("Gather", ["embedding", "codes"], ["embedded"]),
        helper.make_node("Concat", ["number", "embedded"], ["x0"], axis=1),
    ]
    for layer, (n_inputs, n_outputs) in enumerate(zip((5, *widths), widths, strict=False)):
        dense = random.normal(size=(n_inputs, n_outputs)) / np.sqrt(n_inputs)
        weights[f"w{layer}"] = dense.astype(np.float32)
        nodes += [
            helper.make_node("MatMul", [f"x{layer}", f"w{layer}"], [f"y{layer}"], name=f"dense{layer}"),
            helper.make_node("Tanh", [f"y{layer}"], [f"x{layer + 1}"]),
        ]
    nodes.append(helper.make_node("Sigmoid", [f"x{len(widths)}"], ["probability"]))
    constants = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    constants.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"))
    inputs = [
        helper.make_tensor_value_info("number", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("category", TensorProto.INT32, ["batch", 1]),
    ]
    outputs = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch", widths[-1]])]
    model = helper.make_model(
        helper.make_graph(nodes, "dense", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=10,
    )
    content: bytes = model.SerializeToString()
    return content


def signature(content: bytes) -> Mapping[str, Any]:
    loaded = onnx.load_from_string(content).graph
    return {
        tensor.name: (
            tensor.type.tensor_type.elem_type,
            [axis.dim_param or axis.dim_value for axis in tensor.type.tensor_type.shape.dim],
        )
        for tensor in [*loaded.input, *loaded.output]
    }


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_names_types_and_the_batch_axis_survive(precision: ReducedPrecision) -> None:
    content = graph(16, 16, 1)
    assert signature(REDUCTIONS[precision](content)) == signature(content)


@pytest.mark.parametrize(("precision", "difference"), [("fp16", 1e-3), ("int8", 2e-2)])
def test_answers_are_nearly_the_same_and_not_the_same(precision: ReducedPrecision, difference: float) -> None:
    content = graph(64, 64, 1)
    expected = Graph(content).run(TENSORS, 2)["probability"]
    reduced = Graph(REDUCTIONS[precision](content)).run(TENSORS, 2)["probability"]
    assert 0 < np.abs(reduced - expected).max() < difference


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_variant_is_smaller_and_its_conversion_prints_nothing(
    precision: ReducedPrecision, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    content = graph(16, 256, 1, 1)
    assert len(REDUCTIONS[precision](content)) < 0.7 * len(content)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_int8_quantizes_the_dense_layers_between_the_first_and_the_last() -> None:
    quantized = onnx.load_from_string(to_int8(graph(16, 16, 16, 1))).graph
    assert [node.name for node in quantized.node if node.op_type == "MatMul"] == ["dense0", "dense3"]
    assert Counter(node.op_type for node in quantized.node)["MatMulInteger"] == 2


def test_int8_weights_are_unsigned_so_that_no_processor_saturates() -> None:
    quantized = onnx.load_from_string(to_int8(graph(16, 16, 1))).graph
    (product,) = [node for node in quantized.node if node.op_type == "MatMulInteger"]
    types = {tensor.name: tensor.data_type for tensor in quantized.initializer}
    assert types[product.input[1]] == TensorProto.UINT8


def test_a_network_without_a_layer_to_quantize_is_refused() -> None:
    with pytest.raises(ValueError, match="a dense layer between the first and the last, the network has 2 in all"):
        to_int8(graph(16, 1))


def test_half_precision_finds_the_overflow_that_onnxruntime_hides_on_a_cpu() -> None:
    nodes = [
        helper.make_node("Mul", ["number", "large"], ["product"]),
        helper.make_node("Div", ["product", "large"], ["probability"]),
    ]
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        nodes,
        "there and back",
        [value("number", TensorProto.FLOAT, ["batch", 1])],
        [value("probability", TensorProto.FLOAT, ["batch", 1])],
        [numpy_helper.from_array(np.array(1000, dtype=np.float32), "large")],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    content = to_fp16(model.SerializeToString())
    tensors = {"number": np.array([[2.0], [200.0]], dtype=np.float32)}
    assert Graph(content).run(tensors, 2)["probability"].tolist() == [[2.0], [200.0]]
    assert run_in_half_precision(content, tensors, 2)["probability"].tolist() == [[2.0], [np.inf]]


def test_half_precision_answers_row_by_row_as_in_one_batch() -> None:
    content = to_fp16(graph(16, 16, 1))
    one_by_one = run_in_half_precision(content, TENSORS, 1)["probability"]
    assert one_by_one.shape == (5, 1)
    np.testing.assert_array_equal(run_in_half_precision(content, TENSORS, 5)["probability"], one_by_one)
