"""The reference that drift is measured against: bins of the features' training values and of held-out scores."""

import numpy as np
from numpy.typing import NDArray

from app.bundle.bins.base import FeatureReference
from app.bundle.preprocessor import Preprocessor
from app.bundle.reference import Reference, fit_features
from app.bundle.score_bins import ScoreBins, ScoreReference
from app.bundle.transforms import TRANSFORMS
from training.data.table import take_rows
from training.evaluation.trained_model import TrainedModel


def fit_drift_reference(model: TrainedModel) -> Reference:
    """Return the bins of every feature and of the exported graph's scores.

    Features are counted on the train split. Vocabularies of texts and ids know those rows too well, and files would
    have to be decoded again: such features are counted on the validation and the test split.
    """
    held_out = np.concatenate([model.splits.validation, model.splits.test])
    train = model.splits.train
    references = _features(model, train, summarized=False) | _features(model, held_out, summarized=True)
    return Reference(features=references, score=_score(model))


def _features(model: TrainedModel, rows: NDArray[np.int64], *, summarized: bool) -> dict[str, FeatureReference]:
    """Return the reference of every feature whose values are, or are not, counted by a summary, on these rows."""
    watched = [
        feature for feature in model.table.features if TRANSFORMS[feature.kind].distribution.is_summarized == summarized
    ]
    normalization = model.prepared.normalization
    preprocessor = Preprocessor(watched, normalization)
    columns = {feature.name: model.table.columns[feature.name] for feature in watched}
    raw = preprocessor.vectorize(preprocessor.read(take_rows(columns, rows)))
    return fit_features(watched, preprocessor, raw, normalization)


def _score(model: TrainedModel) -> ScoreReference:
    """Return the scores' reference from the held-out splits: on its train rows a network is overconfident."""
    answers = np.concatenate([model.validation_answers, model.test_answers])
    return ScoreBins.fit(answers, model.table.task, model.table.labels)
