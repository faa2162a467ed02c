"""Every metric of the service, with its labels and its buckets.

Tests: tests/app/api/test_metrics.py, tests/test_docs.py (every metric is documented)
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.telemetry.instruments import Histogram, HistogramFamily, Scalar, ScalarFamily

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_SECONDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STAGE_SECONDS = (1e-5, 2.5e-5, 5e-5, *_SECONDS)
_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0)


class Metrics:
    """The metrics of one application.

    Label values come from closed sets (route templates, names of loaded models), so clients cannot add time series.
    """

    def __init__(self) -> None:
        self._requests = ScalarFamily("counter", "slipway_requests", "Requests answered.", "route", "method", "status")
        self._request_seconds = HistogramFamily(
            "slipway_request_seconds", "Seconds from a request's head to the end of its answer.", _SECONDS, "route"
        )
        self._in_flight = ScalarFamily("gauge", "slipway_in_flight_requests", "Requests being answered.")
        self.stage_seconds = HistogramFamily(
            "slipway_stage_seconds",
            "Seconds by stage: parse, queue and encode of a request, run of a batch.",
            _STAGE_SECONDS,
            "model",
            "stage",
        )
        self.batch_rows = HistogramFamily("slipway_batch_rows", "Rows in one run of the graph.", _ROWS, "model")
        self.rows = ScalarFamily("counter", "slipway_rows", "Rows predicted.", "model")
        self.warnings = ScalarFamily(
            "counter", "slipway_warnings", "Accepted values that training never saw.", "model", "rule"
        )
        self._models = ScalarFamily(
            "gauge",
            "slipway_model_info",
            "1 for each loaded version and the provider that runs it.",
            "model",
            "version",
            "provider",
        )
        self.in_flight: Scalar = self._in_flight.labels()
        self._by_request: dict[tuple[str, str, int], tuple[Scalar, Histogram]] = {}

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request and observe how long it took."""
        instruments = self._by_request.get((route, method, status))
        if instruments is None:
            instruments = self._requests.labels(route, method, str(status)), self._request_seconds.labels(route)
            self._by_request[route, method, status] = instruments
        count, duration = instruments
        count.value += 1.0
        duration.observe(seconds)

    def set_model_info(self, name: str, version: int, provider: str) -> None:
        """Expose a loaded version and the provider that runs it."""
        self._models.labels(name, str(version), provider).value = 1.0

    def for_model(self, name: str) -> "ModelMetrics":
        """Return the metrics of one model, with its name as their label."""
        return ModelMetrics(self, name)

    def collect(self) -> "Iterable[Metric]":
        """Yield the current values of all metrics, as a prometheus_client collector does."""
        for scalars in (self._requests, self._in_flight, self.rows, self.warnings, self._models):
            yield from scalars.collect()
        for histograms in (self._request_seconds, self.stage_seconds, self.batch_rows):
            yield from histograms.collect()

    def exposition(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        from prometheus_client import generate_latest

        return generate_latest(self)


class ModelMetrics:
    """The metrics of one model, with their labels looked up once instead of at each request."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        stages = (metrics.stage_seconds.labels(name, stage) for stage in ("parse", "queue", "run", "encode"))
        self.parse, self.queue, self.run, self.encode = stages
        self.batch_rows = metrics.batch_rows.labels(name)
        self.rows = metrics.rows.labels(name)
        self._warnings = metrics.warnings
        self._name = name

    def count_warning(self, rule: str) -> None:
        """Count a warning about an accepted value, by the warning's rule."""
        self._warnings.labels(self._name, rule).inc()
