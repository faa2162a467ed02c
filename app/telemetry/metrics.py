"""Every metric of the service, its labels and its buckets."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.telemetry.instruments import Distribution, Distributions, Number, Numbers

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_SECONDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STAGE_SECONDS = (1e-5, 2.5e-5, 5e-5, *_SECONDS)
_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0)


class Metrics:
    """The metrics of one application; labels are route templates and names of loaded models alone."""

    def __init__(self) -> None:
        self._requests = Numbers("counter", "slipway_requests", "Requests answered.", "route", "method", "status")
        self._request_seconds = Distributions(
            "slipway_request_seconds", "Seconds from a request's head to the end of its answer.", _SECONDS, "route"
        )
        self._in_flight = Numbers("gauge", "slipway_in_flight_requests", "Requests being answered.")
        self.stage_seconds = Distributions(
            "slipway_stage_seconds",
            "Seconds by stage: parse, queue and encode of a request, run of a batch.",
            _STAGE_SECONDS,
            "model",
            "stage",
        )
        self.batch_rows = Distributions("slipway_batch_rows", "Rows in one run of the graph.", _ROWS, "model")
        self.rows = Numbers("counter", "slipway_rows", "Rows predicted.", "model")
        self.warnings = Numbers(
            "counter", "slipway_warnings", "Accepted values that training never saw.", "model", "rule"
        )
        self._models = Numbers(
            "gauge",
            "slipway_model_info",
            "1 for each loaded version and the provider that runs it.",
            "model",
            "version",
            "provider",
        )
        self.in_flight: Number = self._in_flight.of()
        self._answered: dict[tuple[str, str, int], tuple[Number, Distribution]] = {}

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        answered = self._answered.get((route, method, status))
        if answered is None:
            answered = self._requests.of(route, method, str(status)), self._request_seconds.of(route)
            self._answered[route, method, status] = answered
        count, distribution = answered
        count.value += 1.0
        distribution.observe(seconds)

    def loaded(self, name: str, version: int, provider: str) -> None:
        """Tell of a loaded version."""
        self._models.of(name, str(version), provider).value = 1.0

    def of_model(self, name: str) -> "ModelMetrics":
        """The metrics of one model."""
        return ModelMetrics(self, name)

    def collect(self) -> "Iterable[Metric]":
        """All families as they stand."""
        for numbers in (self._requests, self._in_flight, self.rows, self.warnings, self._models):
            yield from numbers.collect()
        for distributions in (self._request_seconds, self.stage_seconds, self.batch_rows):
            yield from distributions.collect()

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format."""
        from prometheus_client import generate_latest

        return generate_latest(self)


class ModelMetrics:
    """One model's share of the metrics, its labels looked up once."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        stages = (metrics.stage_seconds.of(name, stage) for stage in ("parse", "queue", "run", "encode"))
        self.parse, self.queue, self.run, self.encode = stages
        self.batch_rows = metrics.batch_rows.of(name)
        self.rows = metrics.rows.of(name)
        self._warnings = metrics.warnings
        self._name = name

    def warning(self, rule: str) -> None:
        """Count one warning."""
        self._warnings.of(self._name, rule).add()
