"""Rows of a population, and the reference that training would publish for it."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.bundle.manifest import Task
from app.bundle.normalization import Normalization, TargetStatistics
from app.bundle.preprocessor import Preprocessor
from app.bundle.reference import Reference, fit_features
from app.bundle.score_bins import ScoreBins
from tests import bundles

Rows = list[dict[str, Any]]


def population(n_rows: int, seed: int, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Rows:
    """Return rows in the form of a request, after `change` was applied to each."""
    random = np.random.default_rng(seed)
    drawn = zip(
        random.normal(40, 8, n_rows).clip(18, 70).tolist(),
        np.where(random.random(n_rows) < 0.2, np.nan, random.normal(1200, 300, n_rows).clip(0, 3000)).tolist(),
        random.choice(["rent", "owner", "other"], n_rows, p=(0.5, 0.4, 0.1)).tolist(),
        random.choice(np.array(["clerk", "baker", None], dtype=object), n_rows),
        strict=True,
    )
    rows = [dict(zip(("age", "income", "home", "job title"), row, strict=True)) for row in drawn]
    for row in rows:
        row["income"] = None if math.isnan(row["income"]) else row["income"]
        change(row)
    return rows


def reference(task: Task = "binary", n_rows: int = 4000) -> Reference:
    """Return the reference of a bundle of `tests.bundles`, as if it had been trained on the population."""
    rows = population(n_rows, seed=1)
    target = TargetStatistics(mean=100, standard_deviation=20) if task == "regression" else None
    normalization = Normalization(features=bundles.STATISTICS, target=target)
    preprocessor = Preprocessor(bundles.FEATURES, normalization)
    raw = preprocessor.vectorize(preprocessor.columns(rows))
    decoded = bundles.answers(bundles.graph(task), normalization, task, rows)
    return Reference(
        features=fit_features(bundles.FEATURES, preprocessor, raw, normalization),
        score=ScoreBins.fit(decoded, task, bundles.LABELS[task]),
    )


def publish(models: Path, name: str = "credit", task: Task = "binary") -> None:
    """Publish a bundle with its reference."""
    bundles.publish(models, name, task, reference=reference(task))


def make_older(row: dict[str, Any]) -> None:
    """Make a row's person ten years older, and change nothing else."""
    row["age"] += 10


def in_requests(rows: Sequence[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """Return the rows as requests of at most `size` rows each."""
    return [{"instances": rows[first : first + size]} for first in range(0, len(rows), size)]
