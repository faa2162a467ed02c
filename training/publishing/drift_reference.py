"""The reference that drift is measured against: bins of the features' training values and of held-out scores."""

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
from training.data.table import take_rows
from training.evaluation.trained_model import TrainedModel


def fit_drift_reference(model: TrainedModel) -> Reference:
    """Return the bins of every feature and of the exported graph's scores.

    Features are counted on the train split. Vocabularies of texts and ids know those rows too well, and files would
    have to be decoded again: such features are counted on the validation and the test split.
    """
    held_out = np.concatenate([model.splits.validation, model.splits.test])
    counted = _features(model, model.splits.train, BINS) | _features(model, held_out, MEASURES)
    return Reference(features=counted, score=_score(model))


def _features(model: TrainedModel, rows: NDArray[np.int64], kinds: Container[str]) -> dict[str, FeatureReference]:
    """Return the reference of every feature of these kinds, counted on these rows."""
    watched = [feature for feature in model.table.features if feature.kind in kinds]
    normalization = model.prepared.normalization
    preprocessor = Preprocessor(watched, normalization)
    columns = {feature.name: model.table.columns[feature.name] for feature in watched}
    raw = preprocessor.vectorize(preprocessor.read(take_rows(columns, rows)))
    return fit_features(watched, preprocessor, raw, normalization)


def _score(model: TrainedModel) -> ScoreReference:
    """Return the scores' reference from the held-out splits: on its train rows a network is overconfident."""
    answers = np.concatenate([model.validation_answers, model.test_answers])
    return ScoreBins.fit(answers, model.table.task, model.table.labels)
