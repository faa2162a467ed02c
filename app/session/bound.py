"""Runs through buffers that are allocated and bound once: each batch is padded to the size of its bucket."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app.session.buckets import Chunk, split_batch

_TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32}
_HOST = "cpu"
_GRAPH_ID = "gpu_graph_id"
_NO_GRAPH = "-1"

Arrays = Mapping[str, NDArray[Any]]


class UnboundShapeError(Exception):
    """A graph with a tensor whose size or type is not known before a run, so that no buffer can be bound to it."""


class BoundRunner:
    """Runs one session's batches in buckets on `device` ("cuda" or "cpu"). For one thread, since runs share buffers.

    `sizes` are the buckets' sizes in rows, in ascending order. With `graphs`, each bucket's kernels are captured as a
    CUDA graph once and replayed afterwards. The constructor runs every bucket, the largest first, so that later runs
    allocate no memory; it raises UnboundShapeError, and whatever onnxruntime raises.
    """

    def __init__(self, session: ort.InferenceSession, sizes: Sequence[int], device: str, *, graphs: bool) -> None:
        self._sizes = sizes
        self._rows = {
            tensor.name: np.zeros(_shape(tensor, sizes[-1]), _TYPES[tensor.type]) for tensor in session.get_inputs()
        }
        self._outputs = [tensor.name for tensor in session.get_outputs()]
        self._buckets: dict[int, _Bucket] = {}
        for size in reversed(sizes):
            graph = str(size) if graphs else _NO_GRAPH
            self._buckets[size] = _Bucket(session, self._rows, size, device, graph)
            self._buckets[size].run()

    def run(self, tensors: Arrays) -> dict[str, NDArray[Any]]:
        """Return the outputs by name for inputs by name; the first axis of each is the batch, of any size."""
        n_rows = len(next(iter(tensors.values())))
        outputs = [self._run(tensors, chunk) for chunk in split_batch(n_rows, self._sizes)]
        if len(outputs) == 1:
            return outputs[0]
        return {name: np.concatenate([output[name] for output in outputs]) for name in self._outputs}

    def _run(self, tensors: Arrays, chunk: Chunk) -> dict[str, NDArray[Any]]:
        n_rows = chunk.last - chunk.first
        for name, rows in self._rows.items():
            rows[:n_rows] = tensors[name][chunk.first : chunk.last]
            rows[n_rows : chunk.bucket] = 0  # padding must not hold the rows of an earlier caller
        outputs = self._buckets[chunk.bucket].run()
        return {name: output[:n_rows].copy() for name, output in zip(self._outputs, outputs, strict=True)}


class _Bucket:
    """The buffers of one batch size, bound to the session's inputs and outputs."""

    def __init__(self, session: ort.InferenceSession, rows: Arrays, size: int, device: str, graph: str) -> None:
        self._session = session
        self._is_copied = device != _HOST
        self._options = ort.RunOptions()
        # Without this entry, onnxruntime looks it up, throws and catches an exception: 70 µs a run.
        self._options.add_run_config_entry(_GRAPH_ID, graph)
        self._binding = session.io_binding()
        self._inputs = []
        for name, array in rows.items():
            value = ort.OrtValue.ortvalue_from_numpy(array[:size], device)
            self._binding.bind_ortvalue_input(name, value)
            self._inputs.append((value, array[:size]))
        self._outputs = []
        for tensor in session.get_outputs():
            value = ort.OrtValue.ortvalue_from_shape_and_type(_shape(tensor, size), _TYPES[tensor.type], device)
            self._binding.bind_ortvalue_output(tensor.name, value)
            self._outputs.append(value)

    def run(self) -> list[NDArray[Any]]:
        """Run the bucket on the rows it holds now; the next run overwrites the returned arrays."""
        if self._is_copied:
            for value, rows in self._inputs:
                value.update_inplace(rows)
        self._session.run_with_iobinding(self._binding, self._options)
        return [value.numpy() for value in self._outputs]


def _shape(tensor: ort.NodeArg, n_rows: int) -> tuple[int, ...]:
    """Return the shape of a tensor with `n_rows` rows; raise UnboundShapeError unless only the batch axis is free."""
    batch, *rest = tensor.shape or [1]
    if tensor.type not in _TYPES or isinstance(batch, int) or not all(isinstance(size, int) for size in rest):
        raise UnboundShapeError(f"{tensor.name} is {tensor.type}{tensor.shape}")
    return (n_rows, *rest)
