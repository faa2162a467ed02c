"""Columns to tensors: the one road that training and serving share, a module a kind."""

from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType
from app.bundle.transforms.preprocessor import (
    TRANSFORMS,
    Columns,
    Preprocessor,
    Raw,
    Reader,
    concatenate,
    fit,
)

__all__ = [
    "TRANSFORMS",
    "Cell",
    "Columns",
    "Preprocessor",
    "Raw",
    "Reader",
    "RowWarning",
    "TensorType",
    "Tensors",
    "concatenate",
    "fit",
]
