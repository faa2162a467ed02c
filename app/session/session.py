"""A graph loaded into onnxruntime, on the CPU or on a GPU."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray

from app.bundle.errors import BundleError
from app.session.bound import BoundRuns, UnboundError
from app.session.buckets import batch_sizes
from app.session.gpu import CUDA, GPU_PROVIDERS, cuda_options, gpu_thread
from app.session.providers import check, wanted

_RECORD_ASSIGNMENT = "session.record_ep_graph_assignment_info"
_ALLOW_SPINNING = "session.intra_op.allow_spinning"
_EXTERNAL_DATA = b"\n\x08location\x12"  # the key of a protobuf entry that only tensors outside the file have
_ERRORS_ONLY = 3

log = logging.getLogger("slipway")


class Session:
    """A graph loaded into onnxruntime. Safe to run from several threads; lives until it is dropped.

    `providers` names them in order, the CPU after all; None takes CUDA where it is usable. On a GPU batches go through
    `buckets` of at most max_batch_rows, each with its CUDA graph where the graph allows. `file` is what errors call it.
    Raises BundleError where onnxruntime cannot load the graph, the graph points outside its file, or a provider that is
    named does not run it.
    """

    def __init__(
        self,
        model: bytes,
        threads: int,
        providers: Sequence[str] | None = None,
        max_batch_rows: int = 1024,
        file: str = "model.onnx",
    ) -> None:
        if _EXTERNAL_DATA in model:
            raise BundleError(f"{file} must hold all its weights, found external data")
        self.threads = threads
        self.buckets: Sequence[int] = ()
        self.cuda_graphs = False
        self._bound: BoundRuns | None = None
        self._run_options = ort.RunOptions()  # each run makes its own where it is given none: 4 µs
        asked = wanted(providers)
        try:
            if any(one in GPU_PROVIDERS for one in asked):
                gpu_thread().call(self._start_on_gpu, model, asked, batch_sizes(max_batch_rows))
            else:
                self._start(model, asked)
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise BundleError(f"onnxruntime cannot load {file}: {error}") from error
        if providers:
            check(providers, self._session.get_providers(), self.nodes)

    def run(self, tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name of inputs by name; the first axis of each is the batch."""
        if self.on_gpu:
            return gpu_thread().call(self._run if self._bound is None else self._bound.run, tensors)
        return self._run(tensors)

    @property
    def provider(self) -> str:
        """The provider that runs most of the graph's nodes."""
        return max(self.nodes, key=lambda provider: self.nodes[provider])

    @property
    def description(self) -> dict[str, object]:
        """What runs the graph, and how."""
        return {
            "provider": self.provider,
            "nodes": self.nodes,
            "threads": self.threads,
            "buckets": self.buckets,
            "cuda_graphs": self.cuda_graphs,
        }

    def _run(self, tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return dict(zip(self.outputs, self._session.run(self.outputs, tensors, self._run_options), strict=True))

    def _start(self, model: bytes, providers: Sequence[Any]) -> None:
        # Its fallback would print, go on with other providers and say nothing to its caller.
        self._session = ort.InferenceSession(model, self._options(), providers=providers, enable_fallback=0)
        self.inputs = {one.name: (one.type, list(one.shape)) for one in self._session.get_inputs()}
        self.outputs = [one.name for one in self._session.get_outputs()]
        self.nodes = self._nodes()
        self.on_gpu = any(one in GPU_PROVIDERS for one in self.nodes)

    def _start_on_gpu(self, model: bytes, providers: Sequence[str], buckets: Sequence[int]) -> None:
        if providers[0] == CUDA:
            try:
                self._start_bound(model, providers, buckets, graphs=True)
            except Exception as error:  # not every graph can be captured, and onnxruntime's exceptions share no base
                log.warning("CUDA graphs are off", extra={"reason": str(error)})
            else:
                return
        try:
            self._start_bound(model, providers, buckets, graphs=False)
        except UnboundError as error:
            log.warning("batches are not bucketed", extra={"reason": str(error)})

    def _start_bound(self, model: bytes, providers: Sequence[str], buckets: Sequence[int], *, graphs: bool) -> None:
        """Start, and bind the buckets where a GPU runs the graph; raises UnboundError after the start."""
        self._start(model, [(one, cuda_options(graphs)) if one == CUDA else one for one in providers])
        if self.on_gpu:
            self._bound = BoundRuns(self._session, buckets, "cuda", graphs=graphs)
            self.buckets, self.cuda_graphs = buckets, graphs

    def _nodes(self) -> dict[str, int]:
        """How many nodes each provider runs, as onnxruntime assigned them."""
        counts: Counter[str] = Counter()
        for subgraph in self._session.get_provider_graph_assignment_info():
            counts[subgraph.ep_name] += len(subgraph.get_nodes())
        return dict(counts)

    def _options(self) -> ort.SessionOptions:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        options.add_session_config_entry(_RECORD_ASSIGNMENT, "1")
        # An idle thread that spins takes the core from the event loop and from the other workers.
        options.add_session_config_entry(_ALLOW_SPINNING, "0")
        return options
