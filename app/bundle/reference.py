"""reference.json: the distribution of every feature and of the scores, to compare with what is served.

Tests: tests/app/drift/test_window.py, tests/app/bundle/transforms/test_registry.py
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from app.bundle.bins.base import Bins, FeatureReference
from app.bundle.errors import BundleModel
from app.bundle.normalization import Normalization
from app.bundle.preprocessor import Preprocessor, Raw
from app.bundle.score_bins import ScoreReference
from app.bundle.transforms import TRANSFORMS, AnyReference, Feature, Statistics


class Reference(BundleModel):
    """The distributions in training; `features` may leave out some of the manifest's."""

    features: dict[str, AnyReference]
    score: ScoreReference


def fit_features(
    features: Sequence[Feature], preprocessor: Preprocessor, raw: Raw, normalization: Normalization
) -> dict[str, FeatureReference]:
    """Return the reference of each feature, from the raw arrays that the preprocessor made of all of them."""
    summaries = {kind: transform.summary(raw[kind]) for kind, transform in preprocessor.transforms.items()}
    positions, statistics = raw_columns(features), normalization.features
    return {
        feature.name: TRANSFORMS[feature.kind].distribution.fit(
            summaries[feature.kind][:, positions[feature.name]], statistics[feature.name]
        )
        for feature in features
    }


def bins_by_quantity(reference: FeatureReference, statistics: Statistics) -> Mapping[str, Bins]:
    """Return the bins of each quantity of a feature; raise ValueError where they do not fit its statistics."""
    return TRANSFORMS[reference.kind].distribution.bins(reference, statistics)


def raw_columns(features: Sequence[Feature]) -> dict[str, int]:
    """Return the column that each feature has in the raw array of its kind."""
    seen: Counter[str] = Counter()
    columns: dict[str, int] = {}
    for feature in features:
        columns[feature.name] = seen[feature.kind]
        seen[feature.kind] += 1
    return columns
