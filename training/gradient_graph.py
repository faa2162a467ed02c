"""Export of a function with gradients in it, of which tf2onnx knows some only."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import onnx
import tf2onnx
from tf2onnx.handler import tf_op

from training.backend import keras, tf
from training.export import OPSET


def export_one_row(
    function: Callable[[Mapping[str, tf.Tensor]], dict[str, tf.Tensor]], inputs: Sequence[keras.KerasTensor]
) -> bytes:
    """A graph, checked by onnx, of a function of one row's tensors of shape (1, …); all names are kept.

    Only of a fixed number of rows are all shapes constants, which the gradients of broadcasting need.
    """
    signature = [tf.TensorSpec((1, *one.shape[1:]), one.dtype, name=one.name) for one in inputs]

    def named(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return function({one.name: tensor for one, tensor in zip(inputs, tensors, strict=True)})

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    graph, _ = tf2onnx.convert.from_function(
        tf.function(named, input_signature=signature, autograph=False), input_signature=signature, opset=OPSET
    )
    onnx.checker.check_model(graph, full_check=True)
    content: bytes = graph.SerializeToString()
    return content


@tf_op("ReluGrad")
class ReluGrad:
    """The gradient behind a ReLU times the sign of its answer, which is 0 or 1."""

    @classmethod
    def version_1(cls, context: Any, node: Any, **_: Any) -> None:
        """Replace the node."""
        gradient, answer = node.input
        shape, dtype = context.get_shape(answer), context.get_dtype(answer)
        sign = context.make_node("Sign", [answer], shapes=[shape], dtypes=[dtype])
        context.replace_inputs(node, [gradient, sign.output[0]])
        node.type = "Mul"
