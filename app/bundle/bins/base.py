"""Bins, and the distribution of a kind's values over them.

Tests: tests/app/bundle/bins/test_edges.py, tests/app/bundle/bins/test_measured.py
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol

from numpy.typing import NDArray
from pydantic import Field

from app.bundle.errors import BundleModel

Count = Annotated[int, Field(ge=0)]


class FeatureReference(BundleModel):
    """The distribution of one feature's values in training, as reference.json holds it."""

    kind: str


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin, and how many rows of the reference fell into it.

    `role` is "value" for ordinary values, "missing" for no value, and for all others the rule of the warning that a
    prediction carries for them, such as "out_of_range", or "unseen_token" for tokens outside the vocabulary.

    A value falls into exactly one bin, except a text: its share of unknown tokens falls into the bin of unseen ones,
    the rest into a bin by its length.
    """

    label: str
    role: str
    expected: int


class Bins(Protocol):
    """The bins of one quantity of a feature, or of the scores. Immutable, safe to share between threads."""

    bins: Sequence[Bin]

    def count(self, column: NDArray[Any], /) -> NDArray[Any]:
        """Return how many cells of a feature's column fall into each bin: shape (n_bins,).

        The column is one feature's part of its kind's summary, of shape (n_rows, …).
        """
        ...


class Distribution(Protocol):
    """How the values of one kind are counted. Immutable, safe to share between threads."""

    reference_type: type[FeatureReference]
    is_summarized: bool
    """True where the transform's summary of each value is counted in place of its raw array.

    The reference is then fitted on rows outside the train split: vocabularies know the train rows too well, and files
    would have to be decoded a second time.
    """

    def fit(self, column: NDArray[Any], statistics: Any) -> FeatureReference:
        """Return the reference of one feature's column, of shape (n_rows, …)."""
        ...

    def bins(self, reference: Any, statistics: Any) -> Mapping[str, Bins]:
        """Return the bins of each quantity by name; raise ValueError where they do not fit the statistics."""
        ...


class ValueBins(Bins, Protocol):
    """Bins of the values themselves, for kinds that have few values or ordered ones."""

    reference_type: ClassVar[type[FeatureReference]]

    def __init__(self, reference: Any, statistics: Any) -> None: ...

    @classmethod
    def fit(cls, column: NDArray[Any], statistics: Any) -> FeatureReference:
        """Return the reference of one feature's column of the train split's raw array."""
        ...


class ValueDistribution:
    """The distribution of a kind whose values are counted as they are."""

    is_summarized = False

    def __init__(self, bins_type: type[ValueBins]) -> None:
        self._bins_type = bins_type
        self.reference_type = bins_type.reference_type

    def fit(self, column: NDArray[Any], statistics: Any) -> FeatureReference:
        """Return the reference of one feature's raw column."""
        return self._bins_type.fit(column, statistics)

    def bins(self, reference: Any, statistics: Any) -> Mapping[str, Bins]:
        """Return the bins of the values under the name "value"."""
        return {"value": self._bins_type(reference, statistics)}
