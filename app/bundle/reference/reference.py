"""reference.json: the bins of every feature, and of the scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from numpy.typing import NDArray
from pydantic import Field

from app.bundle.errors import Frozen
from app.bundle.features import Feature
from app.bundle.normalization import Normalization
from app.bundle.reference.base import Bins, ValueBins
from app.bundle.reference.boolean import BooleanBins, BooleanReference
from app.bundle.reference.category import CategoryBins, CategoryReference
from app.bundle.reference.date import DateBins, DateReference
from app.bundle.reference.measured import MeasuredReference, fit_measured, measured_bins
from app.bundle.reference.number import NumberBins, NumberReference
from app.bundle.reference.score import ScoreReference
from app.bundle.transforms import Preprocessor, Raw

BINS: Mapping[str, type[ValueBins]] = {
    "number": NumberBins,
    "category": CategoryBins,
    "boolean": BooleanBins,
    "date": DateBins,
}
"""Of the kinds whose values are counted as they are; the others are in MEASURES."""

FeatureReference = Annotated[
    NumberReference | CategoryReference | BooleanReference | DateReference | MeasuredReference,
    Field(discriminator="kind"),
]


class Reference(Frozen):
    """What is compared with what is served; `features` may leave out some of the manifest's."""

    features: dict[str, FeatureReference]
    score: ScoreReference


def fit_feature(kind: str, column: NDArray[Any], statistics: Any) -> FeatureReference:
    """The reference of one feature's column of its kind's summary."""
    if kind in BINS:
        reference: FeatureReference = BINS[kind].fit(column, statistics)
        return reference
    return fit_measured(kind, column, statistics)


def fit_features(
    features: Sequence[Feature], preprocessor: Preprocessor, raw: Raw, normalization: Normalization
) -> dict[str, FeatureReference]:
    """The reference of each feature, by the raw arrays that the preprocessor made of all of them."""
    summaries = {kind: transform.summary(raw[kind]) for kind, transform in preprocessor.transforms.items()}
    places, statistics = raw_columns(features), normalization.features
    return {
        one.name: fit_feature(one.kind, summaries[one.kind][:, places[one.name]], statistics[one.name])
        for one in features
    }


def bins_by_quantity(reference: FeatureReference, statistics: Any) -> Mapping[str, Bins]:
    """Bins of each quantity of a feature that is watched; raises ValueError where they do not fit its statistics."""
    if isinstance(reference, MeasuredReference):
        return measured_bins(reference, statistics)
    return {"value": BINS[reference.kind](reference, statistics)}


def raw_columns(features: Sequence[Feature]) -> dict[str, int]:
    """The column that each feature has in the raw array of its kind."""
    seen: Counter[str] = Counter()
    columns: dict[str, int] = {}
    for feature in features:
        columns[feature.name] = seen[feature.kind]
        seen[feature.kind] += 1
    return columns
