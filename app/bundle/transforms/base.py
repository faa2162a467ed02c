"""What a kind must bring to turn its columns into one tensor."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A value that was accepted though training never saw its like."""

    feature: str
    rule: str
    message: str


Cell = Callable[[int, int], Any]
"""The cell of a row number and a feature's position, as it was sent."""


class Transform(Protocol):
    """All features of one kind, in the manifest's order.

    A raw array holds what was sent, a column a feature; a tensor is what the graph reads.
    """

    kind: ClassVar[str]
    dtype: ClassVar[str]
    width: int

    def __init__(self, features: Sequence[Any], statistics: Sequence[Any]) -> None: ...

    @staticmethod
    def fit(feature: Any, column: Sequence[Any]) -> Any:
        """Statistics of one feature's column of the train split."""
        ...

    def vectorize(self, columns: Sequence[Sequence[Any]]) -> NDArray[Any]:
        """Raw array of shape (n_rows, n_features) of one column of n_rows values a feature."""
        ...

    def vectorize_rows(self, rows: Sequence[Sequence[Any]]) -> NDArray[Any]:
        """As `vectorize`, of n_rows rows with a cell a feature each."""
        ...

    def ordinary(self, raw: NDArray[Any]) -> bool:
        """Whether no value is missing and none is worth a warning."""
        ...

    def normalize(self, raw: NDArray[Any], *, ordinary: bool = False) -> NDArray[Any]:
        """Tensor of shape (n_rows, width) of a raw array, at less cost where it is known to be ordinary."""
        ...

    def warnings(self, raw: NDArray[Any], cell: Cell) -> Iterator[tuple[int, RowWarning]]:
        """The row number and the warning of each accepted value that training never saw the like of."""
        ...
