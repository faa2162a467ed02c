"""Permutation importance: what the headline metric loses where one feature's cells change rows (Breiman, 2001)."""

from dataclasses import dataclass

import numpy as np

from app.bundle.preprocessor import Raw
from app.bundle.reference import raw_columns
from training.data.table import evenly, take
from training.evaluation.metrics import HEADLINE, METRICS
from training.evaluation.trained_model import TrainedModel
from training.evaluation.weighted_metrics import headline

REPEATS = 5
MAX_ANSWERS = 1_000_000
"""Rows that are answered at most for all features together: some ten seconds."""
MIN_ROWS = 100


@dataclass(frozen=True, slots=True)
class Importance:
    """How much worse the headline metric becomes without a feature, and the deviation of that over the repeats."""

    feature: str
    drop: float
    deviation: float


def permutation_importances(model: TrainedModel, seed: int) -> list[Importance]:
    """One a feature, largest first, of the exported graph on the test split, or an even choice of its rows.

    Empty where the split leaves the headline metric undefined.
    """
    table, test, preprocessor = model.table, model.splits.test, model.prepared.preprocessor
    n_rows = min(len(test), max(MIN_ROWS, MAX_ANSWERS // (REPEATS * len(table.features))))
    rows = test[evenly(len(test), n_rows)]
    raw = preprocessor.vectorize(preprocessor.read(take(table.columns, rows)))
    name = HEADLINE[table.task][0]
    sign = 1 if METRICS[name].higher_is_better else -1

    def worth(changed: Raw) -> float:
        answers = model.answer(preprocessor.normalize(changed))
        measure = headline(table.task, table.target[rows], answers, model.decision.threshold)
        return sign * measure(np.ones(len(rows)))[name]

    whole = worth(raw)
    if np.isnan(whole):
        return []
    random = np.random.default_rng(seed)
    found = []
    places = raw_columns(table.features)
    for feature in table.features:
        kind, index = feature.kind, places[feature.name]
        exchange = preprocessor.transforms[kind].exchange
        orders = [random.permutation(len(rows)) for _ in range(REPEATS)]
        shuffled = (exchange(raw[kind], index, raw[kind][order]) for order in orders)
        drops = [whole - worth({**raw, kind: one}) for one in shuffled]
        found.append(Importance(feature.name, float(np.mean(drops)), float(np.std(drops))))
    return sorted(found, key=lambda one: -one.drop)
