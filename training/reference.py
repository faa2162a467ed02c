"""The reference that drift is told by: bins of the features on the train split, and of the scores beyond it."""

import numpy as np

from app.bundle.reference import BINS, Reference, ScoreBins, ScoreReference, raw_columns
from app.bundle.transforms import Preprocessor
from training.dataset import Splits, Table, take
from training.decision import AS_IT_IS, Decision, answer
from training.prepare import Prepared
from training.runtime import Graph


def reference(
    table: Table, splits: Splits, prepared: Prepared, graph: Graph, decision: Decision = AS_IT_IS
) -> Reference:
    """Bins of every feature whose kind can be counted, and of the exported graph's scores."""
    watched = [one for one in table.features if one.kind in BINS]
    preprocessor = Preprocessor(watched, prepared.normalization)
    raw = preprocessor.vectorize(preprocessor.read(take(table.columns, splits.train)))
    columns, statistics = raw_columns(watched), prepared.normalization.features
    features = {
        one.name: BINS[one.kind].fit(raw[one.kind][:, columns[one.name]], statistics[one.name]) for one in watched
    }
    return Reference(features=features, score=_score(table, prepared, graph, decision))


def _score(table: Table, prepared: Prepared, graph: Graph, decision: Decision) -> ScoreReference:
    """Of the validation and the test split: on rows that it was fitted on a network is too sure."""
    decoded = [answer(graph, one.tensors, prepared, decision) for one in (prepared.validation, prepared.test)]
    return ScoreBins.fit(np.concatenate(decoded), table.task, table.labels)
