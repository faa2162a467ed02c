"""Counters, gauges and histograms for the row's road, collected by prometheus_client.

Its own take a lock for each number that they touch, ten a prediction: a fifth of its CPU (docs/performance.md). These
are written from one thread at a time, the event loop's or that of the one batch that runs.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily


class Number:
    """A value that goes up, or up and down."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, amount: float = 1.0) -> None:
        """Change it."""
        self.value += amount


class Distribution:
    """How many observations fell below each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one; a value equal to a bound counts below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Numbers:
    """A family of numbers, one a set of label values."""

    def __init__(self, kind: Literal["counter", "gauge"], name: str, text: str, *labels: str) -> None:
        self._kind, self._name, self._text, self._labels = kind, name, text, labels
        self._children: dict[tuple[str, ...], Number] = {}

    def of(self, *values: str) -> Number:
        """The number of these label values."""
        return self._children.get(values) or self._children.setdefault(values, Number())

    def collect(self) -> "Iterable[CounterMetricFamily | GaugeMetricFamily]":
        """The family as it stands."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        made = CounterMetricFamily if self._kind == "counter" else GaugeMetricFamily
        family = made(self._name, self._text, labels=self._labels)
        for values, child in list(self._children.items()):
            family.add_metric(values, child.value)
        yield family


class Distributions:
    """A family of distributions, one a set of label values."""

    def __init__(self, name: str, text: str, bounds: Sequence[float], *labels: str) -> None:
        self._name, self._text, self._bounds, self._labels = name, text, bounds, labels
        self._children: dict[tuple[str, ...], Distribution] = {}

    def of(self, *values: str) -> Distribution:
        """The distribution of these label values."""
        return self._children.get(values) or self._children.setdefault(values, Distribution(self._bounds))

    def collect(self) -> "Iterable[HistogramMetricFamily]":
        """The family as it stands."""
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        bounds = [*(str(bound) for bound in self._bounds), "+Inf"]
        for values, child in list(self._children.items()):
            buckets = list(zip(bounds, accumulate(child.counts), strict=True))
            family.add_metric(values, buckets=buckets, sum_value=child.total)
        yield family
