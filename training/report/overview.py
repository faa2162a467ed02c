"""The summary of each feature: its distribution in the train split, and the statistics that the service uses."""

from collections.abc import Sequence

from app.bundle.normalization import Normalization
from app.bundle.preprocessor import Columns
from app.bundle.transforms import Feature
from training.data.kinds import KINDS
from training.data.kinds.base import Summary


def summarize_features(
    features: Sequence[Feature], normalization: Normalization, columns: Columns
) -> list[tuple[Feature, Summary]]:
    """Return each feature with its summary, in order; `columns` is the train split's, of one row or more."""
    statistics = normalization.features
    return [
        (feature, KINDS[feature.kind].summarize(feature, statistics[feature.name], columns[feature.name]))
        for feature in features
    ]
