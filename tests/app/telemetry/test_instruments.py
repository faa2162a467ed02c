from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from app.telemetry.instruments import Distributions, Numbers

BOUNDS = (0.001, 0.01, 0.1, 1.0)
numbers = st.lists(st.tuples(st.sampled_from(["a", 'b"\n']), st.floats(0, 2) | st.sampled_from(BOUNDS)), max_size=20)


def text(*collectors: object) -> list[str]:
    registry = CollectorRegistry()
    for one in collectors:
        registry.register(one)  # type: ignore[arg-type]
    return sorted(line for line in generate_latest(registry).decode().splitlines() if "_created" not in line)


@given(numbers)
def test_the_exposition_is_that_of_prometheus_client_s_own(observed: list[tuple[str, float]]) -> None:
    own = Distributions("x_seconds", "Text.", BOUNDS, "label")
    theirs = Histogram("x_seconds", "Text.", ["label"], buckets=BOUNDS, registry=None)
    count = Numbers("counter", "y", "Text.", "label")
    counter = Counter("y", "Text.", ["label"], registry=None)
    for label, value in observed:
        own.of(label).observe(value)
        theirs.labels(label).observe(value)
        count.of(label).add(value)
        counter.labels(label).inc(value)
    assert text(own, count) == text(theirs, counter)
