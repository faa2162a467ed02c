import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.workers import metric_totals


def counted(requests: int, seconds: float = 0.001) -> CollectorRegistry:
    registry = CollectorRegistry()
    answered = Counter("requests", "Requests.", ["route", "status"], registry=registry)
    took = Histogram("seconds", "Seconds.", ["route"], buckets=(0.001, 1.0), registry=registry)
    for _ in range(requests):
        answered.labels("/predict", "200").inc()
        took.labels("/predict").observe(seconds)
    Gauge("in_flight", "Being answered.", registry=registry).set(2)
    Gauge("model_info", "1 for each.", ["model"], registry=registry).labels('a "name"').set(1)
    return registry


def samples(exposition: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


def test_one_snapshot_is_shown_as_the_registry_shows_itself() -> None:
    registry = counted(3)
    assert metric_totals.exposition([metric_totals.take_snapshot(registry)]) == generate_latest(registry)


def test_counters_histograms_and_gauges_add_up_and_an_info_is_there_once() -> None:
    snapshots = [metric_totals.take_snapshot(counted(3, seconds)) for seconds in (0.001, 2.0)]
    totals = samples(metric_totals.exposition(snapshots))
    assert totals["requests_total", "/predict", "200"] == 6
    assert totals["seconds_bucket", "0.001", "/predict"] == 3
    assert totals["seconds_bucket", "+Inf", "/predict"] == 6
    assert totals["seconds_count", "/predict"] == 6
    assert totals["seconds_sum", "/predict"] == pytest.approx(6.003)
    assert totals["in_flight",] == 4
    assert totals["model_info", 'a "name"'] == 1


def test_a_process_continues_the_counters_of_its_predecessor_but_not_its_gauges() -> None:
    previous = metric_totals.without_gauges(metric_totals.take_snapshot(counted(5)))
    totals = samples(metric_totals.exposition([metric_totals.take_snapshot(counted(1), previous)]))
    assert totals["requests_total", "/predict", "200"] == 6
    assert totals["in_flight",] == 2
