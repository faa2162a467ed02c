"""What a kind must bring to have its values counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from numpy.typing import NDArray
from pydantic import Field

Count = Annotated[int, Field(ge=0)]
Role = Literal[
    "value",
    "missing",
    "unseen_category",
    "unseen_user",
    "unseen_item",
    "unseen_token",
    "out_of_range",
    "text_cut",
    "series_cut",
]
"""What a bin holds: ordinary values, no value, what a prediction warns of, or tokens outside the vocabulary."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One of the bins that a value falls into exactly one of, and how many rows of the reference did.

    A text alone is parted: its unknown tokens' share falls into the bin of what is unseen, the rest by its length.
    """

    label: str
    role: Role
    expected: int


class Bins(Protocol):
    """The bins of one quantity of a feature, or of the scores. Immutable, safe to share between threads."""

    bins: Sequence[Bin]

    def count(self, column: NDArray[Any], /) -> NDArray[Any]:
        """Array of shape (n_bins,): how many cells of a feature's column of its kind's summary each bin holds."""
        ...


class ValueBins(Bins, Protocol):
    """Bins of the values themselves, of a kind that has few of them, or has them in an order."""

    def __init__(self, reference: Any, statistics: Any) -> None: ...

    @staticmethod
    def fit(column: NDArray[Any], statistics: Any) -> Any:
        """The reference of one feature's column of the train split's raw array."""
        ...
