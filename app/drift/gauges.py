"""The drift of all models as Prometheus gauges.

Tests: tests/app/api/test_drift.py, tests/app/api/test_drift_kinds.py
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.drift.figures import measure, n_rows
from app.drift.window import Window

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily


class DriftCollector:
    """A prometheus_client collector of each model's drift; a model with too few rows has only its number of rows.

    `models` has each model's window, and the counts of its bins added up over all workers, by the model's name.
    """

    def __init__(self, models: Mapping[str, tuple[Window, NDArray[np.float64]]]) -> None:
        self._models = models

    def exposition(self) -> bytes:
        """Return all gauges in the Prometheus text format."""
        from prometheus_client import generate_latest

        return generate_latest(self)

    def collect(self) -> "Iterable[GaugeMetricFamily]":
        """Return the gauges with their current values."""
        from prometheus_client.core import GaugeMetricFamily

        rows = GaugeMetricFamily("slipway_drift_rows", "Rows in the window, weighted by age.", labels=["model"])
        index = GaugeMetricFamily(
            "slipway_drift_psi", "Population stability index of a feature.", labels=["model", "feature", "quantity"]
        )
        score = GaugeMetricFamily(
            "slipway_drift_score_psi", "Population stability index of the scores.", labels=["model"]
        )
        rate = GaugeMetricFamily(
            "slipway_drift_rate",
            "Share of rows that break no rule but were rare, or not there, in training.",
            labels=["model", "feature", "quantity", "rule"],
        )
        for model, (window, counts) in self._models.items():
            rows.add_metric([model], n_rows(window, counts))
            report = measure(window, counts)
            if report is None:
                continue
            score.add_metric([model], report.score.psi)
            for (name, quantity), figures in report.features.items():
                index.add_metric([model, name, quantity], figures.psi)
                for rule, share in figures.rates.items():
                    rate.add_metric([model, name, quantity, rule], share)
        return rows, index, score, rate
