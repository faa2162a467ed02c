"""Base classes of a kind: its feature, its fitted statistics, and the transform to the graph's tensors.

Tests: tests/app/bundle/transforms/test_owners.py, tests/test_toy_kind.py
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.bundle.bins.base import Distribution
from app.bundle.errors import BundleModel
from app.bundle.texts.cells import read_text

if TYPE_CHECKING:
    import polars as pl

    from app.bundle.tables.archives import Files
    from app.bundle.tables.decimal_marks import DecimalMark

Tensors = dict[str, NDArray[Any]]
"""Inputs of the graph by name, each of shape (n_rows, …)."""

CellLookup = Callable[[int, int], Any]
"""A function of a row number and a feature's position that returns the cell as it was sent."""


class Feature(BundleModel):
    """A column that a row brings, and what it may hold.

    A kind's own class sets `kind` to its name and declares `missing_values` of its own type, its constraints, and an
    `example`: the order of the fields is the order of the keys in manifest.json.
    """

    kind: str
    name: str
    description: str | None = None
    nullable: bool
    if TYPE_CHECKING:
        missing_values: tuple[Any, ...] = ()
        example: Any = None


class Statistics(BundleModel):
    """Statistics of one feature's cells in the train split; a kind's own class sets `kind` to its name."""

    kind: str


class Bounds(NamedTuple):
    """The least and the largest number that a cell may hold, both inclusive; None where there is no bound."""

    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, slots=True)
class TensorType:
    """An input of the graph; `shape` leaves out the first axis, the rows."""

    dtype: Literal["float32", "int32"]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A warning about an accepted value unlike any that training saw."""

    feature: str
    rule: str
    message: str


class Transform(ABC):
    """All features of one kind, in the manifest's order, as tensors. Immutable, safe to share between threads.

    A cell is what a request holds. A raw array holds what was sent, one column per feature; tensors are what the graph
    reads, by name: the kind's own name, or that name with a suffix where a kind has several.
    """

    kind: ClassVar[str]
    """The name of the kind, without an underscore, which separates it from a tensor's suffix."""
    feature_type: ClassVar[type[Feature]]
    statistics_type: ClassVar[type[Statistics]]
    distribution: ClassVar[Distribution]
    """The counting of values by which drift is measured."""

    cell: ClassVar[Any]
    """The type of a cell in JSON, as msgspec and pydantic take it."""
    column_type: ClassVar[type[float] | type[str] | None] = None
    """How a column may travel without validation of each cell: float stands for float64 with NaN where missing, str for
    strings with None where missing, and None for a kind whose cells must be validated one by one.
    """
    arrow_types: ClassVar[frozenset[str]] = frozenset()
    """Arrow types that the kind takes and others refuse: "list" of numbers, "time", "binary"."""
    is_file: ClassVar[bool] = False
    """True where a cell is base64 text of a file, which other formats hold as bytes and data files as a path."""
    is_series: ClassVar[bool] = False
    """True where a cell holds several steps, which a long-format table spreads over as many rows."""
    identifies_people: ClassVar[bool] = False
    """True where a cell identifies a person, which reports and catalogues leave out."""
    is_single: ClassVar[bool] = False
    """True where a model has at most one feature of the kind."""

    tensors: Mapping[str, TensorType]

    @abstractmethod
    def __init__(self, features: Sequence[Any], statistics: Sequence[Any]) -> None: ...

    @classmethod
    @abstractmethod
    def fit(cls, feature: Any, column: Sequence[Any]) -> Any:
        """Return the statistics of one feature's cells in the train split."""

    @staticmethod
    @abstractmethod
    def describe(statistics: Any) -> str:
        """Return a sentence for callers about the values that training saw."""

    @staticmethod
    def bounds(feature: Any) -> Bounds | None:  # noqa: ARG004 only numbers have bounds
        """Return the bounds of a numeric cell, which must be finite; None where cells are not numbers."""
        return None

    @staticmethod
    def csv_reader(feature: Any) -> Callable[[str], Any]:  # noqa: ARG004 most kinds read all features alike
        """Return a function from a CSV cell to the cell that JSON would have brought, None where it is missing.

        Text that breaks a rule is returned as it stands, for the rule to refuse.
        """
        return read_text

    @staticmethod
    def from_polars(
        feature: Any,  # noqa: ARG004 most kinds read all features alike
        column: "pl.Series",
        mark: "DecimalMark",  # noqa: ARG004 only numbers have decimals
        files: "Files | None",  # noqa: ARG004 only files lie in a place
    ) -> list[Any]:
        """Return a data file's column as the cells that JSON would have brought, None where missing.

        Cells that break a rule are returned as they stand, for the rule to refuse. `mark` is the column's decimal mark,
        `files` are those that its cells may name.
        """
        from app.bundle.tables.columns import category_column  # noqa: PLC0415 the service has no polars

        return category_column(column)

    def reader(self, index: int) -> Callable[[Any], Any] | None:  # noqa: ARG002 most kinds need none
        """Return a function from a feature's cell, of its type and not None, to what `vectorize` takes.

        None where the cell is that already. The function raises ValueError with the rule that the cell breaks:
        "must be …".
        """
        return None

    @abstractmethod
    def vectorize(self, columns: Sequence[Sequence[Any]] | NDArray[Any]) -> NDArray[Any]:
        """Return the raw array, of shape (n_rows, n_features, …), from one column of n_rows read cells per feature."""

    @abstractmethod
    def vectorize_rows(self, rows: Sequence[Sequence[Any]]) -> NDArray[Any]:
        """Return the raw array from n_rows rows of one read cell per feature."""

    def exchange(self, raw: NDArray[Any], index: int, other: NDArray[Any]) -> NDArray[Any]:
        """Return a copy of the raw array with one feature's values from another array of the same shape."""
        place = self.place(index)
        changed = raw.copy()
        changed[place] = other[place]
        return changed

    def place(self, index: int) -> Any:
        """Return the index into a raw array that selects one feature's values."""
        return (slice(None), index)

    @abstractmethod
    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return, for each tensor, the position of the feature that each number of a row belongs to.

        The arrays have the shape of the row's tensor, or one that broadcasts to it.
        """

    def summary(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Return what drift counts of each value, of shape (n_rows, n_features, …) and small."""
        return raw

    @abstractmethod
    def ordinary(self, raw: NDArray[Any]) -> bool:
        """Return whether no value is missing and none is worth a warning."""

    @abstractmethod
    def normalize(self, raw: NDArray[Any], *, ordinary: bool = False) -> Tensors:
        """Return the tensors of a raw array, at less cost where it is known to be ordinary."""

    @abstractmethod
    def warnings(self, raw: NDArray[Any], cell: CellLookup) -> Iterator[tuple[int, RowWarning]]:
        """Yield a row number and a warning for each accepted value unlike any that training saw."""
