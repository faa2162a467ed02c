"""reference.json: the bins of every feature whose kind can be counted, and of the scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from app.bundle.base import Frozen
from app.bundle.features import Feature
from app.bundle.reference.base import Bins
from app.bundle.reference.boolean import BooleanBins, BooleanReference
from app.bundle.reference.category import CategoryBins, CategoryReference
from app.bundle.reference.date import DateBins, DateReference
from app.bundle.reference.number import NumberBins, NumberReference
from app.bundle.reference.score import ScoreReference

BINS: Mapping[str, type[Bins]] = {
    "number": NumberBins,
    "category": CategoryBins,
    "boolean": BooleanBins,
    "date": DateBins,
}
"""By kind; a feature of a kind that is not here has no reference, and is not watched."""

FeatureReference = Annotated[
    NumberReference | CategoryReference | BooleanReference | DateReference, Field(discriminator="kind")
]


class Reference(Frozen):
    """What is compared with what is served; `features` may leave out some of the manifest's."""

    features: dict[str, FeatureReference]
    score: ScoreReference


def raw_columns(features: Sequence[Feature]) -> dict[str, int]:
    """The column that each feature has in the raw array of its kind."""
    seen: Counter[str] = Counter()
    columns: dict[str, int] = {}
    for feature in features:
        columns[feature.name] = seen[feature.kind]
        seen[feature.kind] += 1
    return columns
