"""A graph loaded into onnxruntime, on the CPU or on a GPU."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray

from app.bundle.errors import BundleError
from app.session.bound import BoundRunner, UnboundShapeError
from app.session.buckets import bucket_sizes
from app.session.gpu import CUDA, GPU_PROVIDERS, cuda_options, gpu_thread
from app.session.providers import check_providers, resolve_providers

_RECORD_ASSIGNMENT = "session.record_ep_graph_assignment_info"
_ALLOW_SPINNING = "session.intra_op.allow_spinning"
_EXTERNAL_DATA = b"\n\x08location\x12"  # a protobuf key that only tensors stored outside the file have
_ERRORS_ONLY = 3

log = logging.getLogger("slipway")


class Session:
    """A graph loaded into onnxruntime. Safe to run from several threads; lives until its last reference goes.

    `providers` are in order of preference, and the CPU comes after them; None means CUDA if it is usable. On a GPU,
    batches run in `buckets` of at most `max_batch_rows` rows, as CUDA graphs if the graph can be captured. `file` names
    the graph in errors.

    Raises BundleError if onnxruntime cannot load the graph, if the graph refers to data outside its file, or if a
    requested provider does not run it.
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
        self._bound: BoundRunner | None = None
        self._run_options = ort.RunOptions()  # shared, because onnxruntime would make new ones at each run: 4 µs
        preferred = resolve_providers(providers)
        try:
            if any(provider in GPU_PROVIDERS for provider in preferred):
                gpu_thread().call(self._start_on_gpu, model, preferred, bucket_sizes(max_batch_rows))
            else:
                self._start(model, preferred)
        except Exception as error:  # onnxruntime's exceptions have no common base but this
            raise BundleError(f"onnxruntime cannot load {file}: {error}") from error
        if providers:
            check_providers(providers, self._session.get_providers(), self.nodes)

    def run(self, tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name for inputs by name; the first axis of each is the batch."""
        if self.on_gpu:
            return gpu_thread().call(self._run if self._bound is None else self._bound.run, tensors)
        return self._run(tensors)

    @property
    def provider(self) -> str:
        """Return the provider that runs most of the graph's nodes."""
        return max(self.nodes, key=lambda provider: self.nodes[provider])

    @property
    def description(self) -> dict[str, object]:
        """Return what runs the graph, in the form that the API reports it."""
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
        # By default onnxruntime falls back to other providers after an error, and only prints that it did.
        self._session = ort.InferenceSession(model, self._options(), providers=providers, enable_fallback=0)
        self.inputs = {tensor.name: (tensor.type, list(tensor.shape)) for tensor in self._session.get_inputs()}
        self.outputs = [tensor.name for tensor in self._session.get_outputs()]
        self.nodes = self._nodes()
        self.on_gpu = any(provider in GPU_PROVIDERS for provider in self.nodes)

    def _start_on_gpu(self, model: bytes, providers: Sequence[str], buckets: Sequence[int]) -> None:
        if providers[0] == CUDA:
            try:
                self._start_bound(model, providers, buckets, graphs=True)
            except Exception as error:  # some graphs cannot be captured; onnxruntime has no base exception
                log.warning("CUDA graphs are off", extra={"reason": str(error)})
            else:
                return
        try:
            self._start_bound(model, providers, buckets, graphs=False)
        except UnboundShapeError as error:
            log.warning("batches are not bucketed", extra={"reason": str(error)})

    def _start_bound(self, model: bytes, providers: Sequence[str], buckets: Sequence[int], *, graphs: bool) -> None:
        """Start the session, then bind its buckets if a GPU runs the graph.

        Raises UnboundShapeError if they cannot be bound; the session is then started all the same.
        """
        self._start(model, [(name, cuda_options(graphs)) if name == CUDA else name for name in providers])
        if self.on_gpu:
            self._bound = BoundRunner(self._session, buckets, "cuda", graphs=graphs)
            self.buckets, self.cuda_graphs = buckets, graphs

    def _nodes(self) -> dict[str, int]:
        """Return the number of the graph's nodes that onnxruntime assigned to each provider."""
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
        # Threads that spin while idle would take the cores from the event loop and the other workers.
        options.add_session_config_entry(_ALLOW_SPINNING, "0")
        return options
