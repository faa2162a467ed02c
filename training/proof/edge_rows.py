"""Edge rows: missing, unseen and extreme values, which a service will meet and a test split rarely holds."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from app.bundle.normalization import Normalization
from app.bundle.transforms import Feature
from training.data.kinds import KINDS


def edge_rows(features: Sequence[Feature], normalization: Normalization) -> list[dict[str, Any]]:
    """Return one row for every combination of edge cells, one choice for each kind among the features."""
    kinds = list(dict.fromkeys(feature.kind for feature in features))
    return [
        {feature.name: edges[kinds.index(feature.kind)](normalization.features[feature.name]) for feature in features}
        for edges in product(*(KINDS[kind].edges for kind in kinds))
    ]
