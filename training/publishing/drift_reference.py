"""The reference that drift is told by: bins of what the features held in training, and of the scores beyond it."""

from collections.abc import Container

import numpy as np
from numpy.typing import NDArray

from app.bundle.reference import (
    BINS,
    MEASURES,
    FeatureReference,
    Reference,
    ScoreBins,
    ScoreReference,
    fit_features,
)
from app.bundle.transforms import Preprocessor
from training.data.normalize import Prepared
from training.data.table import Splits, Table, take
from training.evaluation.decision import AS_IT_IS, Decision, answer
from training.export.runtime import Graph


def reference(
    table: Table, splits: Splits, prepared: Prepared, graph: Graph, decision: Decision = AS_IT_IS
) -> Reference:
    """Bins of every feature, and of the exported graph's scores.

    Vocabularies of texts and ids know the rows that they were made of too well, and files are decoded again: these are
    counted on the validation and the test split.
    """
    held_out = np.concatenate([splits.validation, splits.test])
    counted = _features(table, splits.train, prepared, BINS) | _features(table, held_out, prepared, MEASURES)
    return Reference(features=counted, score=_score(table, prepared, graph, decision))


def _features(
    table: Table, rows: NDArray[np.int64], prepared: Prepared, kinds: Container[str]
) -> dict[str, FeatureReference]:
    """The reference of every feature of some kinds, on some rows."""
    watched = [one for one in table.features if one.kind in kinds]
    preprocessor = Preprocessor(watched, prepared.normalization)
    columns = {one.name: table.columns[one.name] for one in watched}
    raw = preprocessor.vectorize(preprocessor.read(take(columns, rows)))
    return fit_features(watched, preprocessor, raw, prepared.normalization)


def _score(table: Table, prepared: Prepared, graph: Graph, decision: Decision) -> ScoreReference:
    """Of the validation and the test split: on rows that it was fitted on a network is too sure."""
    decoded = [answer(graph, one.tensors, prepared, decision) for one in (prepared.validation, prepared.test)]
    return ScoreBins.fit(np.concatenate(decoded), table.task, table.labels)
