"""Columns to tensors, the same way in training and in serving: one module per kind.

Tests: tests/app/bundle/transforms/test_registry.py
"""

from app.bundle.transforms.base import (
    Bounds,
    CellLookup,
    Feature,
    RowWarning,
    Statistics,
    Tensors,
    TensorType,
    Transform,
)
from app.bundle.transforms.registry import TRANSFORMS, AnyFeature, AnyReference, AnyStatistics

__all__ = [
    "TRANSFORMS",
    "AnyFeature",
    "AnyReference",
    "AnyStatistics",
    "Bounds",
    "CellLookup",
    "Feature",
    "RowWarning",
    "Statistics",
    "TensorType",
    "Tensors",
    "Transform",
]
