"""onnxruntime without Slipway: the limit that its session is compared with."""

from collections.abc import Callable

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app.session import CUDA
from app.session.gpu import cuda_options

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def replayed(model: bytes) -> Run:
    """Return a runner with a CUDA graph and bound buffers for each batch size, captured at its first use."""
    session = _session(model, graphs=True)
    captured: dict[int, Run] = {}

    def run(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(rows) not in captured:
            captured[len(rows)] = _capture(session, rows)
        return captured[len(rows)](rows)

    return run


def plain(model: bytes) -> Run:
    """Return a runner that calls `session.run` as tutorials do: no CUDA graph, new buffers for each run."""
    session = _session(model, graphs=False)

    def run(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = session.run(None, {"number": rows})[0]
        return output

    return run


def _session(model: bytes, *, graphs: bool) -> ort.InferenceSession:
    return ort.InferenceSession(model, providers=[(CUDA, cuda_options(graphs))], enable_fallback=0)


def _capture(session: ort.InferenceSession, rows: NDArray[np.float32]) -> Run:
    (output,) = session.get_outputs()
    shape = (len(rows), output.shape[1])
    source = ort.OrtValue.ortvalue_from_numpy(rows, "cuda")
    target = ort.OrtValue.ortvalue_from_shape_and_type(shape, np.float32, "cuda")
    binding, options = session.io_binding(), ort.RunOptions()
    binding.bind_ortvalue_input("number", source)
    binding.bind_ortvalue_output(output.name, target)
    options.add_run_config_entry("gpu_graph_id", str(len(rows)))

    def run(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        source.update_inplace(rows)
        session.run_with_iobinding(binding, options)
        answers: NDArray[np.float32] = target.numpy()
        return answers

    return run
