"""What a kind must bring to have its values counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from numpy.typing import NDArray
from pydantic import Field

Count = Annotated[int, Field(ge=0)]
Role = Literal["value", "missing", "unseen_category", "out_of_range"]
"""What a bin holds: ordinary values, no value, or what a prediction warns of."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One of the bins that a value falls into exactly one of, and how many rows of the reference did."""

    label: str
    role: Role
    expected: int


class Bins(Protocol):
    """The bins of one feature. Immutable, safe to share between threads."""

    bins: Sequence[Bin]

    def __init__(self, reference: Any, statistics: Any) -> None: ...

    @staticmethod
    def fit(column: NDArray[Any], statistics: Any) -> Any:
        """The reference of one feature's column of the train split's raw array."""
        ...

    def count(self, column: NDArray[Any]) -> NDArray[Any]:
        """Integer array of shape (n_bins,): how many cells of a raw array's column each bin holds."""
        ...
