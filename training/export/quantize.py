"""The exported graph in a lower precision, its inputs and outputs as they were."""

from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

from app.bundle.manifest import ReducedPrecision


def to_fp16(graph: bytes) -> bytes:
    """Weights and arithmetic in half precision; casts behind the inputs and before the outputs keep their types."""
    model = convert_float_to_float16(onnx.load_from_string(graph), keep_io_types=True)
    _sort(model.graph)
    return _checked(model)


def to_int8(graph: bytes) -> bytes:
    """Dense layers as products of 8-bit integers, but for the first and the last; raises ValueError where none is left.

    The first reads the features, whose extreme values would make a batch's steps coarse, and the last decides: with
    both quantized, answers were three to ten times as far off.
    """
    model = onnx.load_from_string(graph)
    weights = {one.name for one in model.graph.initializer}
    layers = [node.name for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    if len(layers) < 3:
        raise ValueError(f"it needs a dense layer between the first and the last, the network has {len(layers)} in all")
    # What pre-processing would do is done at load; without this mark a warning asks for it.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        # Signed weights saturate on processors without VNNI: the same graph would answer otherwise elsewhere.
        quantize_dynamic(model, file, nodes_to_quantize=layers[1:-1], weight_type=QuantType.QUInt8)
        quantized = onnx.load(file)
    del quantized.metadata_props[:]
    return _checked(quantized)


REDUCTIONS: Mapping[ReducedPrecision, Callable[[bytes], bytes]] = {"fp16": to_fp16, "int8": to_int8}


def _sort(graph: onnx.GraphProto) -> None:
    """Put every node behind those that it reads, as the standard asks: the conversion appends its casts."""
    makers = {name: index for index, node in enumerate(graph.node) for name in node.output}
    reads = {index: {makers[one] for one in node.input if one in makers} for index, node in enumerate(graph.node)}
    nodes = [graph.node[index] for index in TopologicalSorter(reads).static_order()]
    graph.ClearField("node")
    graph.node.extend(nodes)


def _checked(model: onnx.ModelProto) -> bytes:
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content
