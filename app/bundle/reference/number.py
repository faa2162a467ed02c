"""Numbers: bins between quantiles of the train split."""

from typing import Literal

from app.bundle.reference.edges import EdgeBins, EdgesReference


class NumberReference(EdgesReference):
    """Of a number's values."""

    kind: Literal["number"] = "number"


class NumberBins(EdgeBins):
    """Of a raw column of numbers."""

    reference = NumberReference
