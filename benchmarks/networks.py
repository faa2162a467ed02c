"""Dense networks as ONNX bytes, written without the onnx package, which serving does not install."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Layers = Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Weights of shape (inputs, outputs) and biases of shape (outputs,), from the first layer to the last."""

_FLOAT = 1
_IR_VERSION, _OPSET = 10, 17


def random_layers(widths: Sequence[int]) -> Layers:
    """Return random layers from each width to the next; equal widths give equal layers."""
    generator = np.random.default_rng(0)
    return [
        (
            generator.normal(scale=np.sqrt(2 / inputs), size=(inputs, outputs)).astype(np.float32),
            generator.normal(scale=0.1, size=outputs).astype(np.float32),
        )
        for inputs, outputs in pairwise(widths)
    ]


def dense_network(layers: Layers, activation: str, output: str = "output") -> bytes:
    """Return an ONNX model with one Gemm per layer, ReLU between layers, and `activation` after the last.

    `activation` is "Sigmoid" or "Softmax". The input `number` is float32 of shape (batch, inputs), the output
    float32 of shape (batch, outputs). The field numbers are those of onnx.proto, whose wire format never changes.
    """
    graph = b"".join(
        [
            *_nodes(len(layers), activation, output),
            _text(2, "dense"),
            *(_field(5, tensor) for index, layer in enumerate(layers) for tensor in _constants(index, *layer)),
            _field(11, _tensor_info("number", layers[0][0].shape[0])),
            _field(12, _tensor_info(output, layers[-1][0].shape[1])),
        ]
    )
    return _number(1, _IR_VERSION) + _field(7, graph) + _field(8, _text(1, "") + _number(2, _OPSET))


def _nodes(n_layers: int, activation: str, output: str) -> Iterator[bytes]:
    current = "number"
    for index in range(n_layers):
        last = index == n_layers - 1
        yield _node("Gemm", [current, f"weights_{index}", f"bias_{index}"], f"dense_{index}")
        current = output if last else f"active_{index}"
        yield _node(activation if last else "Relu", [f"dense_{index}"], current)


def _node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    """Return a node, encoded as a field of GraphProto."""
    return _field(1, b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operator))


def _constants(index: int, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Iterator[bytes]:
    """Yield the weights and the bias, each encoded as a TensorProto."""
    for name, array in ((f"weights_{index}", weights), (f"bias_{index}", bias)):
        shape = b"".join(_number(1, size) for size in array.shape)
        yield shape + _number(2, _FLOAT) + _text(8, name) + _field(9, array.astype("<f4").tobytes())


def _tensor_info(name: str, width: int) -> bytes:
    """Return a ValueInfoProto for a float32 tensor of shape (batch, width)."""
    shape = _field(1, _text(2, "batch")) + _field(1, _number(1, width))
    return _text(1, name) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, shape)))


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode())


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited protobuf field."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    """Return a protobuf field that holds an integer."""
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """Return a protobuf varint: seven bits per byte, lowest first; the top bit says that more bytes follow."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
