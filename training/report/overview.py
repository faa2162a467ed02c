"""What the report says of each feature: how the train split's column looks, and the statistics that are served."""

from collections.abc import Sequence

from app.bundle.features import Feature
from app.bundle.normalization import Normalization
from app.bundle.transforms import Columns
from training.data.kinds import KINDS
from training.data.kinds.base import Summary


def summarize(features: Sequence[Feature], normalization: Normalization, columns: Columns) -> list[Summary]:
    """A summary a feature, in order; `columns` is the train split's, of one row or more."""
    statistics = normalization.features
    return [KINDS[one.kind].summarize(one, statistics[one.name], columns[one.name]) for one in features]
