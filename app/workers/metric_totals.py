"""Snapshots of a process's metrics, as bytes, and their sum over processes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector

_GAUGE = "gauge"


def take_snapshot(metrics: "Collector", previous: bytes | None = None) -> bytes:
    """Return all samples as they are now, plus those of `previous`, the last snapshot of the replaced process."""
    snapshot = _dump(metrics.collect())
    return snapshot if previous is None else _dump(_add([snapshot, previous]))


def without_gauges(snapshot: bytes) -> bytes:
    """Return a snapshot without its gauges, which say nothing of a process that has ended."""
    return orjson.dumps([family for family in orjson.loads(snapshot) if family[2] != _GAUGE])


def exposition(snapshots: Iterable[bytes]) -> bytes:
    """Return the sum of snapshots in the Prometheus text format; an `_info` metric, 1 in each, stays 1."""
    from prometheus_client import generate_latest

    return generate_latest(_Families(_add(snapshots)))


class _Families:
    """A prometheus_client collector of given metrics."""

    def __init__(self, families: "Iterable[Metric]") -> None:
        self._families = families

    def collect(self) -> "Iterable[Metric]":
        return self._families


def _add(snapshots: Iterable[bytes]) -> "list[Metric]":
    described: dict[str, tuple[str, str]] = {}
    values: dict[str, dict[tuple[Any, ...], float]] = {}
    for snapshot in snapshots:
        for name, documentation, metric_type, samples in orjson.loads(snapshot):
            described[name] = (documentation, metric_type)
            sums = values.setdefault(name, {})
            for sample, labels, value in samples:
                key = (sample, *labels.items())
                known = sums.get(key, 0.0)
                sums[key] = max(known, value) if name.endswith("_info") else known + value
    return [_family(name, *described[name], sums) for name, sums in values.items()]


def _family(name: str, documentation: str, metric_type: str, sums: dict[tuple[Any, ...], float]) -> "Metric":
    from prometheus_client.core import Metric

    family = Metric(name, documentation, metric_type)
    for (sample, *labels), value in sums.items():
        family.add_sample(sample, dict(labels), value)
    return family


def _dump(families: "Iterable[Metric]") -> bytes:
    return orjson.dumps(
        [
            [family.name, family.documentation, family.type, [sample[:3] for sample in family.samples]]
            for family in families
        ]
    )
