"""Booleans: a sign for true or false, and an indicator beside it where the value may be missing."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.bundle.bins.base import Bin, Count, Distribution, FeatureReference, ValueDistribution
from app.bundle.texts.cells import read_boolean
from app.bundle.transforms.base import CellLookup, Feature, RowWarning, Statistics, Tensors, TensorType, Transform

if TYPE_CHECKING:
    import polars as pl

    from app.bundle.tables.archives import Files
    from app.bundle.tables.decimal_marks import DecimalMark

_MISSING_BIN = 2


class BooleanFeature(Feature):
    """A value that is true or false."""

    kind: Literal["boolean"] = "boolean"
    missing_values: tuple[str, ...] = ()
    example: bool | None = None


class BooleanStatistics(Statistics):
    """The share of one boolean's present cells that are true; people read it, the tensor does not need it."""

    kind: Literal["boolean"] = "boolean"
    true_share: Annotated[float, Field(ge=0, le=1)]


class BooleanReference(FeatureReference):
    """Rows of the train split by their value."""

    kind: Literal["boolean"] = "boolean"
    false: Count
    true: Count
    missing: Count


class BooleanBins:
    """Bins of a raw float32 column: 0 false, 1 true, NaN missing."""

    reference_type: ClassVar[type[FeatureReference]] = BooleanReference

    def __init__(
        self,
        reference: BooleanReference,
        statistics: BooleanStatistics,  # noqa: ARG002 the counts say all
    ) -> None:
        self.bins: Sequence[Bin] = (
            Bin("=false", "value", reference.false),
            Bin("=true", "value", reference.true),
            Bin("missing", "missing", reference.missing),
        )

    @classmethod
    def fit(
        cls,
        column: NDArray[np.float32],
        statistics: BooleanStatistics,  # noqa: ARG003 the counts say all
    ) -> BooleanReference:
        """Return the rows of each value."""
        false, true, missing = _count_values(column).tolist()
        return BooleanReference(false=false, true=true, missing=missing)

    def count(self, column: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the rows in each bin, of shape (n_bins,)."""
        return _count_values(column)


class BooleanTransform(Transform):
    """Raw: float32 of shape (n_rows, n_features), 1 true, 0 false, NaN where missing.

    Tensor: float32 of shape (n_rows, width), for each feature 1 true, -1 false, 0 missing; then for each nullable
    feature whether it is missing.
    """

    kind: ClassVar[str] = "boolean"
    feature_type: ClassVar[type[Feature]] = BooleanFeature
    statistics_type: ClassVar[type[Statistics]] = BooleanStatistics
    distribution: ClassVar[Distribution] = ValueDistribution(BooleanBins)
    cell: ClassVar[Any] = bool

    def __init__(
        self,
        features: Sequence[BooleanFeature],
        statistics: Sequence[BooleanStatistics],  # noqa: ARG002 a boolean has no scale
    ) -> None:
        self._n_features = len(features)
        self._nullable = np.flatnonzero([feature.nullable for feature in features])
        self.tensors = {self.kind: TensorType("float32", (len(features) + len(self._nullable),))}

    @classmethod
    def fit(cls, feature: BooleanFeature, column: Sequence[bool | None]) -> BooleanStatistics:
        """Return the share of true; raise ValueError where no cell holds a boolean."""
        filled = [cell for cell in column if cell is not None]
        if not filled:
            raise ValueError(f"feature {feature.name!r} needs at least one boolean in the train split, received none")
        return BooleanStatistics(true_share=sum(filled) / len(filled))

    @staticmethod
    def describe(statistics: BooleanStatistics) -> str:
        """Return how often the value is true."""
        return f"True in {statistics.true_share:.1%} of the rows of training."

    @staticmethod
    def csv_reader(feature: BooleanFeature) -> Callable[[str], Any]:
        """Return a function that reads a boolean; other text is returned as it stands."""
        if not feature.missing_values:
            return read_boolean
        return lambda cell: None if cell.strip() in feature.missing_values else read_boolean(cell)

    @staticmethod
    def from_polars(
        feature: BooleanFeature,
        column: "pl.Series",
        mark: "DecimalMark",  # noqa: ARG004 a boolean has no decimals
        files: "Files | None",  # noqa: ARG004 a boolean lies in no file
    ) -> list[Any]:
        """Return booleans; a cell that is none is returned as its text."""
        from app.bundle.tables.columns import boolean_column  # noqa: PLC0415 the service has no polars

        return boolean_column(column, feature.missing_values)

    def vectorize(self, columns: Sequence[Sequence[bool | None]] | NDArray[Any]) -> NDArray[np.float32]:
        """Return float32 of shape (n_rows, n_features)."""
        return np.array(np.array(columns, dtype=np.float32).T, order="C")

    def vectorize_rows(self, rows: Sequence[Sequence[bool | None]]) -> NDArray[np.float32]:
        """Return the same array from rows."""
        return np.array(rows, dtype=np.float32)

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return the owners of the signs, then of the indicators."""
        return {self.kind: np.concatenate([np.arange(self._n_features), self._nullable])}

    def ordinary(self, raw: NDArray[np.float32]) -> bool:
        """Return whether no value is missing."""
        return not np.isnan(raw).any()

    def normalize(
        self,
        raw: NDArray[np.float32],
        *,
        ordinary: bool = False,  # noqa: ARG002 nothing is saved
    ) -> Tensors:
        """Return the tensor of signs and indicators."""
        missing = np.isnan(raw)
        signs = np.where(missing, 0, 2 * raw - 1)
        return {self.kind: np.concatenate([signs, missing[:, self._nullable]], axis=1, dtype=np.float32)}

    def warnings(
        self,
        raw: NDArray[np.float32],  # noqa: ARG002 training knows both values
        cell: CellLookup,  # noqa: ARG002
    ) -> Iterator[tuple[int, RowWarning]]:
        """Return an empty iterator."""
        return iter(())


def _count_values(column: NDArray[np.float32]) -> NDArray[np.intp]:
    codes = np.where(np.isnan(column), _MISSING_BIN, column).astype(np.intp)
    return np.bincount(codes, minlength=_MISSING_BIN + 1)
