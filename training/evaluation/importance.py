"""Permutation importance: how much the headline metric drops when a feature's cells are shuffled (Breiman, 2001)."""

from dataclasses import dataclass

import numpy as np

from app.bundle.preprocessor import Raw
from app.bundle.reference import raw_columns
from training.data.table import evenly_spaced, take_rows
from training.evaluation.metrics import HEADLINE, METRICS
from training.evaluation.trained_model import TrainedModel
from training.evaluation.weighted_metrics import headline_metrics

REPEATS = 5
MAX_ANSWERS = 1_000_000
"""Rows to answer at most, for all features and repeats together: some ten seconds."""
MIN_ROWS = 100


@dataclass(frozen=True, slots=True)
class Importance:
    """How much worse the headline metric becomes without a feature: mean and standard deviation over the repeats."""

    feature: str
    drop: float
    deviation: float


def permutation_importances(model: TrainedModel, seed: int) -> list[Importance]:
    """Return the importance of each feature to the exported graph, largest first.

    It is measured on the test split, or on evenly spaced rows of a large one. Empty where the headline metric is
    undefined on the split.
    """
    table, test, preprocessor = model.table, model.splits.test, model.prepared.preprocessor
    n_rows = min(len(test), max(MIN_ROWS, MAX_ANSWERS // (REPEATS * len(table.features))))
    rows = test[evenly_spaced(len(test), n_rows)]
    raw = preprocessor.vectorize(preprocessor.read(take_rows(table.columns, rows)))
    name = HEADLINE[table.task][0]
    sign = 1 if METRICS[name].higher_is_better else -1

    def score(changed: Raw) -> float:
        answers = model.answer(preprocessor.normalize(changed))
        metrics = headline_metrics(table.task, table.target[rows], answers, model.decision.threshold)
        return sign * metrics(np.ones(len(rows)))[name]

    unchanged = score(raw)
    if np.isnan(unchanged):
        return []
    random = np.random.default_rng(seed)
    importances = []
    places = raw_columns(table.features)
    for feature in table.features:
        kind, index = feature.kind, places[feature.name]
        exchange = preprocessor.transforms[kind].exchange
        orders = [random.permutation(len(rows)) for _ in range(REPEATS)]
        shuffled = (exchange(raw[kind], index, raw[kind][order]) for order in orders)
        drops = [unchanged - score({**raw, kind: cells}) for cells in shuffled]
        importances.append(Importance(feature.name, float(np.mean(drops)), float(np.std(drops))))
    return sorted(importances, key=lambda importance: -importance.drop)
