"""Export of a function of one row."""

import logging
from collections.abc import Callable, Mapping, Sequence

import onnx
import tf2onnx

from training.backend import keras, tf
from training.export.export import OPSET


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
