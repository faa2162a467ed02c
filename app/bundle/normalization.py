"""normalization.json: the statistics fitted on the train split alone, one entry per feature.

Tests: tests/app/bundle/transforms/test_registry.py (what was written is read)
"""

from typing import Annotated

from pydantic import Field

from app.bundle.errors import BundleModel
from app.bundle.transforms import AnyStatistics


class TargetStatistics(BundleModel):
    """The scale of a regression target: the network answers (value - mean) / standard_deviation."""

    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]


class Normalization(BundleModel):
    """All statistics of a bundle by feature; `target` is set for regression alone."""

    features: dict[str, AnyStatistics]
    target: TargetStatistics | None = None
