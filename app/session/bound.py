"""Runs through buffers that are bound once: a batch is padded to its bucket, and the padding's answers are dropped."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app.session.buckets import Piece, split

_TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32}
_HOST = "cpu"
_GRAPH_ID = "gpu_graph_id"
_NO_GRAPH = "-1"

Arrays = Mapping[str, NDArray[Any]]


class UnboundError(Exception):
    """A graph whose tensors have sizes or types that are not known before a run."""


class BoundRuns:
    """The runs of one session in buckets, on `device` ("cuda" or "cpu"). For one thread: its buffers are shared.

    `sizes` are those of the buckets, ascending. With `graphs` each bucket's kernels are captured once and replayed.
    Every bucket is run here, the largest first, so that later runs find all memory allocated. Raises UnboundError, and
    what onnxruntime raises.
    """

    def __init__(self, session: ort.InferenceSession, sizes: Sequence[int], device: str, *, graphs: bool) -> None:
        self._sizes = sizes
        self._rows = {one.name: np.zeros(_shape(one, sizes[-1]), _TYPES[one.type]) for one in session.get_inputs()}
        self._outputs = [one.name for one in session.get_outputs()]
        self._buckets: dict[int, _Bucket] = {}
        for size in reversed(sizes):
            graph = str(size) if graphs else _NO_GRAPH
            self._buckets[size] = _Bucket(session, self._rows, size, device, graph)
            self._buckets[size].run()

    def run(self, tensors: Arrays) -> dict[str, NDArray[Any]]:
        """Outputs by name of inputs by name, of any number of rows."""
        n_rows = len(next(iter(tensors.values())))
        pieces = [self._run(tensors, piece) for piece in split(n_rows, self._sizes)]
        if len(pieces) == 1:
            return pieces[0]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in self._outputs}

    def _run(self, tensors: Arrays, piece: Piece) -> dict[str, NDArray[Any]]:
        n_rows = piece.last - piece.first
        for name, rows in self._rows.items():
            rows[:n_rows] = tensors[name][piece.first : piece.last]
            rows[n_rows : piece.bucket] = 0  # and not an earlier caller's
        outputs = self._buckets[piece.bucket].run()
        return {name: output[:n_rows].copy() for name, output in zip(self._outputs, outputs, strict=True)}


class _Bucket:
    """The buffers of one batch size, and what is bound to them."""

    def __init__(self, session: ort.InferenceSession, rows: Arrays, size: int, device: str, graph: str) -> None:
        self._session = session
        self._copied = device != _HOST
        self._options = ort.RunOptions()
        self._options.add_run_config_entry(_GRAPH_ID, graph)  # left out, its look-up raises within: 70 µs a run
        self._binding = session.io_binding()
        self._inputs = []
        for name, one in rows.items():
            value = ort.OrtValue.ortvalue_from_numpy(one[:size], device)
            self._binding.bind_ortvalue_input(name, value)
            self._inputs.append((value, one[:size]))
        self._outputs = []
        for one in session.get_outputs():
            value = ort.OrtValue.ortvalue_from_shape_and_type(_shape(one, size), _TYPES[one.type], device)
            self._binding.bind_ortvalue_output(one.name, value)
            self._outputs.append(value)

    def run(self) -> list[NDArray[Any]]:
        """Run the bucket as its rows stand; its outputs are overwritten by the next run."""
        if self._copied:
            for value, rows in self._inputs:
                value.update_inplace(rows)
        self._session.run_with_iobinding(self._binding, self._options)
        return [value.numpy() for value in self._outputs]


def _shape(tensor: ort.NodeArg, n_rows: int) -> tuple[int, ...]:
    """The tensor's shape with that many rows."""
    batch, *rest = tensor.shape or [1]
    if tensor.type not in _TYPES or isinstance(batch, int) or not all(isinstance(size, int) for size in rest):
        raise UnboundError(f"{tensor.name} is {tensor.type}{tensor.shape}")
    return (n_rows, *rest)
