"""Counters, gauges and histograms for the request path, exposed through prometheus_client.

prometheus_client's own instruments take a lock for each value they change, ten times a prediction: a fifth of its CPU
time (docs/performance.md). These take none, because each value is only ever written by one thread at a time: the event
loop's, or the thread of the one batch that is running.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily


class Scalar:
    """The value of a counter or a gauge for one combination of label values."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Increase the value by an amount."""
        self.value += amount


class Histogram:
    """The observations in each bucket, and their sum, for one combination of label values.

    `bounds` are the buckets' upper bounds, inclusive and ascending; `counts` has one more entry, for what exceeds them.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Add an observation to its bucket and to the sum."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class ScalarFamily:
    """A counter or a gauge with labels: one Scalar for each combination of label values."""

    def __init__(self, type_: Literal["counter", "gauge"], name: str, documentation: str, *label_names: str) -> None:
        self._type, self._name, self._documentation, self._label_names = type_, name, documentation, label_names
        self._children: dict[tuple[str, ...], Scalar] = {}

    def labels(self, *values: str) -> Scalar:
        """Return the scalar of these label values, made at first use."""
        return self._children.get(values) or self._children.setdefault(values, Scalar())

    def collect(self) -> "Iterable[CounterMetricFamily | GaugeMetricFamily]":
        """Yield the current values as a metric family of prometheus_client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        family_class = CounterMetricFamily if self._type == "counter" else GaugeMetricFamily
        family = family_class(self._name, self._documentation, labels=self._label_names)
        for values, scalar in list(self._children.items()):
            family.add_metric(values, scalar.value)
        yield family


class HistogramFamily:
    """A histogram with labels: one Histogram for each combination of label values."""

    def __init__(self, name: str, documentation: str, bounds: Sequence[float], *label_names: str) -> None:
        self._name, self._documentation, self._bounds, self._label_names = name, documentation, bounds, label_names
        self._children: dict[tuple[str, ...], Histogram] = {}

    def labels(self, *values: str) -> Histogram:
        """Return the histogram of these label values, made at first use."""
        return self._children.get(values) or self._children.setdefault(values, Histogram(self._bounds))

    def collect(self) -> "Iterable[HistogramMetricFamily]":
        """Yield the current counts as a metric family of prometheus_client."""
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(self._name, self._documentation, labels=self._label_names)
        bounds = [*(str(bound) for bound in self._bounds), "+Inf"]
        for values, histogram in list(self._children.items()):
            buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
            family.add_metric(values, buckets=buckets, sum_value=histogram.total)
        yield family
