"""Dates: bins between quantiles of the train split, in seconds since 1970."""

from typing import Literal

from app.bundle.reference.edges import EdgeBins, EdgesReference
from app.bundle.transforms.date import EARLIEST, LATEST, iso


class DateReference(EdgesReference):
    """Of a date's seconds since 1970."""

    kind: Literal["date"] = "date"


class DateBins(EdgeBins):
    """Of a raw column of seconds since 1970."""

    reference = DateReference

    @staticmethod
    def text(value: float) -> str:
        """ISO 8601, of the first or the last year that has a number where the value lies beyond."""
        return iso(min(max(value, EARLIEST), LATEST))
