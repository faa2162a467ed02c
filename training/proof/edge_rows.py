"""Rows that hardly a test split holds and every service meets: missing, unseen and extreme values."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from app.bundle.normalization import Normalization
from app.bundle.transforms import Feature
from training.data.kinds import KINDS


def edge_rows(features: Sequence[Feature], normalization: Normalization) -> list[dict[str, Any]]:
    """A row for every choice of an edge for each kind that the features have."""
    kinds = list(dict.fromkeys(one.kind for one in features))
    return [
        {one.name: chosen[kinds.index(one.kind)](normalization.features[one.name]) for one in features}
        for chosen in product(*(KINDS[kind].edges for kind in kinds))
    ]
