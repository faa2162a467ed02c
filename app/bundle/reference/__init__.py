"""What training saw, to compare with what is served: how the values of each feature and the scores were distributed."""

from app.bundle.reference.base import Bin, Bins, Role
from app.bundle.reference.category import CategoryReference
from app.bundle.reference.measured import MEASURES, MeasuredReference, QuantityReference
from app.bundle.reference.number import NumberReference
from app.bundle.reference.reference import (
    BINS,
    FeatureReference,
    Reference,
    bins_by_quantity,
    fit_feature,
    fit_features,
    raw_columns,
)
from app.bundle.reference.score import ScoreBins, ScoreReference

__all__ = [
    "BINS",
    "MEASURES",
    "Bin",
    "Bins",
    "CategoryReference",
    "FeatureReference",
    "MeasuredReference",
    "NumberReference",
    "QuantityReference",
    "Reference",
    "Role",
    "ScoreBins",
    "ScoreReference",
    "bins_by_quantity",
    "fit_feature",
    "fit_features",
    "raw_columns",
]
