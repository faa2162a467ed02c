"""Numbers: standardized by the train split, or replaced by normal scores where the distribution has heavy tails.

Each feature that may be missing has an indicator beside its value.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.bundle.bins.base import Distribution, FeatureReference, ValueDistribution
from app.bundle.bins.edges import EdgeBins, EdgeCounts, far_bounds
from app.bundle.texts.cells import read_number
from app.bundle.transforms.base import (
    Bounds,
    CellLookup,
    Feature,
    RowWarning,
    Statistics,
    Tensors,
    TensorType,
    Transform,
)
from app.bundle.transforms.heavy_tails import Curve, NormalScores, has_heavy_tails, normal_scores

if TYPE_CHECKING:
    import polars as pl

    from app.bundle.tables.archives import Files
    from app.bundle.tables.decimal_marks import DecimalMark

CLIP = 10.0
"""Standard deviations at which a standardized value is clipped, so that no input overflows the network."""

_FEW = 64
"""Number of cells up to which Python's comparisons cost less than numpy's calls."""


class NumberFeature(Feature):
    """A finite number; `minimum` and `maximum` are inclusive rules, not the range that training happened to see."""

    kind: Literal["number"] = "number"
    missing_values: tuple[float, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    example: float | None = None


class NumberStatistics(Statistics):
    """Statistics of one number over its present cells; `normal_scores` replace mean and deviation in heavy tails."""

    kind: Literal["number"] = "number"
    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]
    median: float
    minimum: float
    maximum: float
    normal_scores: NormalScores | None = None


class NumberReference(FeatureReference, EdgeCounts):
    """The distribution of one number's values."""

    kind: Literal["number"] = "number"


class NumberBins(EdgeBins):
    """Bins of a raw column of numbers."""

    reference_type: ClassVar[type[FeatureReference]] = NumberReference


class NumberTransform(Transform):
    """Raw: float64, NaN where missing. Tensor: float32, the values, then the indicators of nullable features."""

    kind: ClassVar[str] = "number"
    feature_type: ClassVar[type[Feature]] = NumberFeature
    statistics_type: ClassVar[type[Statistics]] = NumberStatistics
    distribution: ClassVar[Distribution] = ValueDistribution(NumberBins)
    cell: ClassVar[Any] = float
    column_type: ClassVar[type[float] | type[str] | None] = float

    def __init__(self, features: Sequence[NumberFeature], statistics: Sequence[NumberStatistics]) -> None:
        self._features = features
        self._statistics = statistics
        # Shaped as a row, which numpy need not broadcast for a batch of one: that halves its cost.
        self._mean = np.array([[fitted.mean for fitted in statistics]])
        self._deviation = np.array([[fitted.standard_deviation for fitted in statistics]])
        self._median = np.array([fitted.median for fitted in statistics])
        self._curves = [
            (index, Curve(fitted.normal_scores)) for index, fitted in enumerate(statistics) if fitted.normal_scores
        ]
        minimum = np.array([fitted.minimum for fitted in statistics])
        maximum = np.array([fitted.maximum for fitted in statistics])
        with np.errstate(over="ignore"):  # an infinite bound warns of nothing, as it should
            self._lowest, self._highest = far_bounds(minimum, maximum)
            # Scaling is monotonic, also when rounded, so no value between the bounds scales to one beyond theirs.
            reached = np.abs(self._scale(np.array([self._lowest, self._highest])))
        self._ranges = list(zip(self._lowest.tolist(), self._highest.tolist(), strict=True))
        self._overflows = not np.isfinite(reached).all()
        self._clips = not (reached <= CLIP).all()
        self._nullable = np.flatnonzero([feature.nullable for feature in features])
        self._missing_values = [
            (index, value) for index, feature in enumerate(features) for value in feature.missing_values
        ]
        self._width = len(features) + len(self._nullable)
        self.tensors = {self.kind: TensorType("float32", (self._width,))}
        self._pack = struct.Struct(f"{len(features)}d").pack

    @classmethod
    def fit(cls, feature: NumberFeature, column: Sequence[float | None] | NDArray[np.float64]) -> NumberStatistics:
        """Return the statistics of the cells that hold a number; raise ValueError where none does.

        The deviation is the population's, and the median of an even number of cells the lower of the middle two.
        """
        values = np.asarray(column, dtype=np.float64)
        values = values[~np.isnan(values) & ~np.isin(values, feature.missing_values)]
        if not values.size:
            raise ValueError(f"feature {feature.name!r} needs at least one number in the train split, received none")
        mean, deviation = mean_and_deviation(values)
        return NumberStatistics(
            mean=mean,
            standard_deviation=deviation,
            median=float(np.quantile(values, 0.5, method="inverted_cdf")),
            minimum=float(values.min()),
            maximum=float(values.max()),
            normal_scores=normal_scores(values) if has_heavy_tails(values, mean, deviation) else None,
        )

    @staticmethod
    def describe(statistics: NumberStatistics) -> str:
        """Return the training range."""
        return f"Training range: {statistics.minimum:g} to {statistics.maximum:g}."

    @staticmethod
    def bounds(feature: NumberFeature) -> Bounds:
        """Return the feature's rules."""
        return Bounds(feature.minimum, feature.maximum)

    @staticmethod
    def csv_reader(feature: NumberFeature) -> Callable[[str], Any]:  # noqa: ARG004 all numbers are read alike
        """Return a function that reads a float; text that is no plain number is returned as it stands."""
        return read_number

    @staticmethod
    def from_polars(
        feature: NumberFeature,  # noqa: ARG004 all numbers are read alike
        column: "pl.Series",
        mark: "DecimalMark",
        files: "Files | None",  # noqa: ARG004 a number lies in no file
    ) -> list[Any]:
        """Return floats; a cell that is no number is returned as its text."""
        from app.bundle.tables.columns import number_cells  # noqa: PLC0415 the service has no polars

        return number_cells(column, mark)

    def vectorize(
        self, columns: Sequence[Sequence[float | None] | NDArray[np.float64]] | NDArray[Any]
    ) -> NDArray[np.float64]:
        """Return float64 of shape (n_rows, n_features), NaN where a cell is None or stands for missing."""
        # In row order, which makes all later steps faster.
        return self._without_missing_values(np.array(np.array(columns, dtype=np.float64).T, order="C"))

    def vectorize_rows(self, rows: Sequence[Sequence[float | None]]) -> NDArray[np.float64]:
        """Return the same array from rows."""
        if len(self._nullable):
            return self._without_missing_values(np.array(rows, dtype=np.float64))
        # A third of the cost of numpy's own conversion, which only None needs.
        packed = bytearray().join([self._pack(*row) for row in rows])
        return self._without_missing_values(np.ndarray((len(rows), len(self._features)), np.float64, packed))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return the owners of the values, then of the indicators."""
        return {self.kind: np.concatenate([np.arange(len(self._features)), self._nullable])}

    def ordinary(self, raw: NDArray[np.float64]) -> bool:
        """Return whether no number is missing or far outside the training range."""
        if self._overflows:
            return False
        if raw.size > _FEW:
            return bool(((raw >= self._lowest) & (raw <= self._highest)).all())
        for row in raw.tolist():
            for number, (lowest, highest) in zip(row, self._ranges, strict=True):
                if not lowest <= number <= highest:
                    return False
        return True

    def normalize(self, raw: NDArray[np.float64], *, ordinary: bool = False) -> Tensors:
        """Return float32 of shape (n_rows, width), finite for every finite or missing input."""
        return {self.kind: self._normalize(raw, ordinary)}

    def _normalize(self, raw: NDArray[np.float64], ordinary: bool) -> NDArray[np.float32]:
        if ordinary:
            scaled = self._scale(raw)
            if self._clips:
                scaled = _clip(scaled)
            if self._width == raw.shape[1]:
                return scaled.astype(np.float32)
            missing = np.zeros(raw.shape, dtype=bool)
        else:
            missing = np.isnan(raw)
            with np.errstate(over="ignore"):  # what overflows is clipped
                scaled = _clip(self._scale(np.where(missing, self._median, raw)))
        tensor = np.empty((len(raw), self._width), dtype=np.float32)
        tensor[:, : raw.shape[1]] = scaled
        if len(self._nullable):
            tensor[:, raw.shape[1] :] = missing[:, self._nullable]
        return tensor

    def warnings(
        self,
        raw: NDArray[np.float64],
        cell: CellLookup,  # noqa: ARG002 the raw array holds the very numbers
    ) -> Iterator[tuple[int, RowWarning]]:
        """Yield a warning for each number farther outside the training range than half that range's width."""
        far = (raw < self._lowest) | (raw > self._highest)
        for row, index in np.argwhere(far) if np.count_nonzero(far) else ():
            name, seen = self._features[index].name, self._statistics[index]
            known = f"{seen.minimum:g} to {seen.maximum:g}"
            message = f"{raw[row, index]:g} is far outside the training range of {name!r}, {known}"
            yield int(row), RowWarning(name, "out_of_range", message)

    def _scale(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = values - self._mean
        scaled /= self._deviation
        for index, curve in self._curves:
            if len(values) == 1:
                scaled[0, index] = curve.at(values.item(index))
            else:
                scaled[:, index] = curve(values[:, index])
        return scaled

    def _without_missing_values(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        for index, value in self._missing_values:
            raw[raw[:, index] == value, index] = np.nan
        return raw


def mean_and_deviation(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean and the population's standard deviation of finite numbers, or 1 where the deviation is 0."""
    minimum, maximum = float(values.min()), float(values.max())
    # Scaled by a power of two, which is exact, no sum of numbers and no square of a number overflows.
    exponent = int(np.frexp(max(abs(minimum), abs(maximum)))[1])
    scaled = np.ldexp(values, -exponent)
    # The deviation of equal numbers may be a rounding error instead of 0.
    deviation = float(np.ldexp(scaled.std(), exponent)) if minimum < maximum else 0.0
    return float(np.ldexp(scaled.mean(), exponent)), deviation or 1.0


def _clip(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values clipped as by numpy's own clip, at a tenth of its cost for one row."""
    return np.minimum(np.maximum(scaled, -CLIP), CLIP)
