"""The instruments' exposition, compared with that of prometheus_client's own."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from app.telemetry.instruments import HistogramFamily, ScalarFamily

BOUNDS = (0.001, 0.01, 0.1, 1.0)
observations = st.lists(
    st.tuples(st.sampled_from(["a", 'b"\n']), st.floats(0, 2) | st.sampled_from(BOUNDS)), max_size=20
)


def exposition(*collectors: object) -> list[str]:
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)  # type: ignore[arg-type]
    return sorted(line for line in generate_latest(registry).decode().splitlines() if "_created" not in line)


@given(observations)
def test_the_exposition_equals_that_of_prometheus_client(observed: list[tuple[str, float]]) -> None:
    our_histogram = HistogramFamily("x_seconds", "Text.", BOUNDS, "label")
    their_histogram = Histogram("x_seconds", "Text.", ["label"], buckets=BOUNDS, registry=None)
    our_counter = ScalarFamily("counter", "y", "Text.", "label")
    their_counter = Counter("y", "Text.", ["label"], registry=None)
    for label, value in observed:
        our_histogram.labels(label).observe(value)
        their_histogram.labels(label).observe(value)
        our_counter.labels(label).inc(value)
        their_counter.labels(label).inc(value)
    assert exposition(our_histogram, our_counter) == exposition(their_histogram, their_counter)
