"""Export to ONNX: the network as a graph with named inputs and outputs and a dynamic batch axis."""

import logging
from collections.abc import Callable, Mapping, Sequence

import onnx
import tf2onnx

from app.bundle.manifest import Task
from app.bundle.outputs import OUTPUT_NAMES
from training.backend import keras, tf

BATCH_AXIS = "batch"
OPSET = 17

Function = Callable[[Mapping[str, tf.Tensor]], dict[str, tf.Tensor]]
"""A function from tensors by name to tensors by name; tf2onnx keeps these names, and would lose a bare output's."""


def export_onnx(model: keras.Model, task: Task) -> bytes:
    """Return the network as an ONNX graph that takes any number of rows.

    It has an input for each of the network's, of the same name, and the output that `app.bundle.outputs` names. Raises
    what onnx raises if its checker refuses the graph.
    """
    graph = _convert(lambda tensors: {OUTPUT_NAMES[task]: model(tensors, training=False)}, model.inputs, n_rows=None)
    for tensor in [*graph.graph.input, *graph.graph.output]:
        tensor.type.tensor_type.shape.dim[0].dim_param = BATCH_AXIS
    return _serialize(graph)


def export_one_row(function: Function, inputs: Sequence[keras.KerasTensor]) -> bytes:
    """Return a function of one row's tensors, of shape (1, …), as an ONNX graph.

    The gradients of broadcasting need constant shapes, which only a fixed number of rows provides. Raises what onnx
    raises if its checker refuses the graph.
    """
    return _serialize(_convert(function, inputs, n_rows=1))


def _convert(function: Function, inputs: Sequence[keras.KerasTensor], n_rows: int | None) -> onnx.ModelProto:
    signature = [tf.TensorSpec((n_rows, *tensor.shape[1:]), tensor.dtype, name=tensor.name) for tensor in inputs]

    def answer(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return function({spec.name: tensor for spec, tensor in zip(inputs, tensors, strict=True)})

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    graph: onnx.ModelProto
    graph, _ = tf2onnx.convert.from_function(
        tf.function(answer, input_signature=signature, autograph=False), input_signature=signature, opset=OPSET
    )
    return graph


def _serialize(graph: onnx.ModelProto) -> bytes:
    onnx.checker.check_model(graph, full_check=True)
    content: bytes = graph.SerializeToString()
    return content
