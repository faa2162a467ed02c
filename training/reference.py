"""The reference that drift is told by: bins of the features on the train split, and of the scores beyond it."""

import numpy as np

from app.bundle.outputs import decode
from app.bundle.reference import BINS, Reference, ScoreBins, ScoreReference, raw_columns
from training.dataset import Splits, Table, take
from training.judge import BATCH_SIZE
from training.prepare import Prepared
from training.runtime import Graph


def reference(table: Table, splits: Splits, prepared: Prepared, graph: Graph) -> Reference:
    """Bins of every feature whose kind can be counted, and of the exported graph's scores."""
    raw = prepared.preprocessor.vectorize(take(table.columns, splits.train))
    columns, statistics = raw_columns(table.features), prepared.normalization.features
    features = {
        one.name: BINS[one.kind].fit(raw[one.kind][:, columns[one.name]], statistics[one.name])
        for one in table.features
        if one.kind in BINS
    }
    return Reference(features=features, score=_score(table, prepared, graph))


def _score(table: Table, prepared: Prepared, graph: Graph) -> ScoreReference:
    """Of the validation and the test split: on rows that it was fitted on a network is too sure."""
    target = prepared.normalization.target
    outputs = [graph.run(one.tensors, BATCH_SIZE) for one in (prepared.validation, prepared.test)]
    decoded = np.concatenate([decode(table.task, one, target) for one in outputs])
    return ScoreBins.fit(decoded, table.task, table.labels)
