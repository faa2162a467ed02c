"""Export: the network as an ONNX graph with named inputs and outputs and a dynamic batch axis."""

import logging

import onnx
import tf2onnx

from app.bundle.manifest import Task
from app.bundle.outputs import OUTPUT_NAMES
from training.backend import keras, tf

BATCH_AXIS = "batch"
OPSET = 17


def export(model: keras.Model, task: Task) -> bytes:
    """The graph, checked by onnx: an input a kind, named as it, and the output that `app.bundle.outputs` names."""
    signature = [tf.TensorSpec((None, *one.shape[1:]), one.dtype, name=one.name) for one in model.inputs]

    # tf2onnx names outputs after the keys of a dict; a bare tensor's name would be lost.
    def answer(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        named = {one.name: tensor for one, tensor in zip(model.inputs, tensors, strict=True)}
        return {OUTPUT_NAMES[task]: model(named, training=False)}

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    graph, _ = tf2onnx.convert.from_function(
        tf.function(answer, input_signature=signature, autograph=False), input_signature=signature, opset=OPSET
    )
    for tensor in [*graph.graph.input, *graph.graph.output]:
        tensor.type.tensor_type.shape.dim[0].dim_param = BATCH_AXIS
    onnx.checker.check_model(graph, full_check=True)
    content: bytes = graph.SerializeToString()
    return content
