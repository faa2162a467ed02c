"""Export: the network as an ONNX graph with named inputs and outputs and a dynamic batch axis."""

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
"""From tensors by name to tensors by name: tf2onnx keeps both, where the name of a bare output would be lost."""


def export(model: keras.Model, task: Task) -> bytes:
    """Return the network as a graph, checked by onnx.

    It has an input a kind, named as it, and the output that `app.bundle.outputs` names, of any number of rows.
    """
    graph = _convert(lambda tensors: {OUTPUT_NAMES[task]: model(tensors, training=False)}, model.inputs, n_rows=None)
    for tensor in [*graph.graph.input, *graph.graph.output]:
        tensor.type.tensor_type.shape.dim[0].dim_param = BATCH_AXIS
    return _serialized(graph)


def export_one_row(function: Function, inputs: Sequence[keras.KerasTensor]) -> bytes:
    """Return a function of one row's tensors, of shape (1, …), as a graph, checked by onnx.

    The gradients of broadcasting need constant shapes, which only a fixed number of rows gives.
    """
    return _serialized(_convert(function, inputs, n_rows=1))


def _convert(function: Function, inputs: Sequence[keras.KerasTensor], n_rows: int | None) -> onnx.ModelProto:
    signature = [tf.TensorSpec((n_rows, *one.shape[1:]), one.dtype, name=one.name) for one in inputs]

    def named(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return function({one.name: tensor for one, tensor in zip(inputs, tensors, strict=True)})

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    graph: onnx.ModelProto
    graph, _ = tf2onnx.convert.from_function(
        tf.function(named, input_signature=signature, autograph=False), input_signature=signature, opset=OPSET
    )
    return graph


def _serialized(graph: onnx.ModelProto) -> bytes:
    onnx.checker.check_model(graph, full_check=True)
    content: bytes = graph.SerializeToString()
    return content
