"""Columns to tensors: the one road that training and serving share, a module a kind."""

from app.bundle.transforms.base import Cell, RowWarning
from app.bundle.transforms.preprocessor import (
    TRANSFORMS,
    Columns,
    Preprocessor,
    Raw,
    Tensors,
    concatenate,
    fit,
)

__all__ = ["TRANSFORMS", "Cell", "Columns", "Preprocessor", "Raw", "RowWarning", "Tensors", "concatenate", "fit"]
