"""Every metric of the service, its labels and its buckets."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STAGE_SECONDS = (1e-5, 2.5e-5, 5e-5, *_SECONDS)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)


class Metrics:
    """The metrics of one application; labels are route templates and names of loaded models alone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "slipway_requests", "Requests answered.", ["route", "method", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "slipway_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge("slipway_in_flight_requests", "Requests being answered.", registry=self.registry)
        self.stage_seconds = Histogram(
            "slipway_stage_seconds",
            "Seconds of a prediction by stage: parse, queue, run, encode.",
            ["model", "stage"],
            buckets=_STAGE_SECONDS,
            registry=self.registry,
        )
        self.batch_rows = Histogram(
            "slipway_batch_rows", "Rows in one run of the graph.", ["model"], buckets=_ROWS, registry=self.registry
        )
        self.rows = Counter("slipway_rows", "Rows predicted.", ["model"], registry=self.registry)
        self.warnings = Counter(
            "slipway_warnings", "Accepted values that training never saw.", ["model", "rule"], registry=self.registry
        )
        self.model = Gauge(
            "slipway_model_info",
            "1 for each loaded version and the provider that runs it.",
            ["model", "version", "provider"],
            registry=self.registry,
        )

    def stage(self, model: str, stage: str, seconds: float) -> None:
        """Count one stage of one prediction."""
        self.stage_seconds.labels(model, stage).observe(seconds)

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)
