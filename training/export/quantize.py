"""Conversion of an exported graph to a lower precision, with inputs and outputs of the same names and types."""

from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

from app.bundle.manifest import ReducedPrecision


def to_fp16(graph: bytes) -> bytes:
    """Return the graph with weights and arithmetic in half precision.

    Casts after the inputs and before the outputs keep their types.
    """
    model = convert_float_to_float16(onnx.load_from_string(graph), keep_io_types=True)
    _sort(model.graph)
    return _serialize(model)


def to_int8(graph: bytes) -> bytes:
    """Return the graph with its dense layers, except the first and the last, as products of 8-bit integers.

    The first layer reads the features, whose extreme values would make the quantization steps of a batch coarse, and
    the last one decides: with both quantized, answers differed three to ten times as much. Raises ValueError if there
    is no layer between them.
    """
    model = onnx.load_from_string(graph)
    weights = {tensor.name for tensor in model.graph.initializer}
    layers = [node.name for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    if len(layers) < 3:
        raise ValueError(f"it needs a dense layer between the first and the last, the network has {len(layers)} in all")
    # onnxruntime pre-processes at load; without this mark it warns that the graph was not pre-processed.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        # Signed weights saturate on processors without VNNI, where the same graph would give other answers.
        quantize_dynamic(model, file, nodes_to_quantize=layers[1:-1], weight_type=QuantType.QUInt8)
        quantized = onnx.load(file)
    del quantized.metadata_props[:]
    return _serialize(quantized)


REDUCTIONS: Mapping[ReducedPrecision, Callable[[bytes], bytes]] = {"fp16": to_fp16, "int8": to_int8}
"""The conversion of a float32 graph by precision."""


def _sort(graph: onnx.GraphProto) -> None:
    """Sort the nodes topologically, as ONNX requires: the conversion appends its casts at the end."""
    producers = {name: index for index, node in enumerate(graph.node) for name in node.output}
    reads = {
        index: {producers[name] for name in node.input if name in producers} for index, node in enumerate(graph.node)
    }
    nodes = [graph.node[index] for index in TopologicalSorter(reads).static_order()]
    graph.ClearField("node")
    graph.node.extend(nodes)


def _serialize(model: onnx.ModelProto) -> bytes:
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content
