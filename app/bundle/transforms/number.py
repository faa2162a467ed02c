"""Numbers: standardized by the train split (their ranks where tails are heavy), with an indicator beside each that may
be missing.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.features import NumberFeature
from app.bundle.normalization import NumberStatistics
from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform
from app.bundle.transforms.heavy_tails import Curve, has_heavy_tails, normal_scores

CLIP = 10.0
"""Standard deviations at which a standardized value stops growing, so that no input overflows the network."""

FAR = 0.5
"""Widths of the training range beyond which a value is reported as far outside of it."""

_FEW = 64
"""Cells up to which plain comparisons cost less than numpy's calls."""


class NumberTransform(Transform):
    """Raw: float64, NaN where missing. Tensor: float32, the values, then the indicators of nullable features."""

    kind: ClassVar[str] = "number"
    cell: ClassVar[Any] = float

    def __init__(self, features: Sequence[NumberFeature], statistics: Sequence[NumberStatistics]) -> None:
        self._features = features
        self._statistics = statistics
        # As a row, which numpy does not have to stretch for a batch of one: half of its cost.
        self._mean = np.array([[one.mean for one in statistics]])
        self._deviation = np.array([[one.standard_deviation for one in statistics]])
        self._median = np.array([one.median for one in statistics])
        self._curves = [(index, Curve(one.normal_scores)) for index, one in enumerate(statistics) if one.normal_scores]
        minimum = np.array([one.minimum for one in statistics])
        maximum = np.array([one.maximum for one in statistics])
        with np.errstate(over="ignore"):  # an infinite bound warns of nothing, as it should
            self._lowest, self._highest = far_bounds(minimum, maximum)
            # Both steps of the scaling grow with the value, rounded too: between its ends no value leaves theirs.
            reached = np.abs(self._scale(np.array([self._lowest, self._highest])))
        self._ranges = list(zip(self._lowest.tolist(), self._highest.tolist(), strict=True))
        self._overflows = not np.isfinite(reached).all()
        self._clips = not (reached <= CLIP).all()
        self._nullable = np.flatnonzero([one.nullable for one in features])
        self._missing_values = [(index, value) for index, one in enumerate(features) for value in one.missing_values]
        self._width = len(features) + len(self._nullable)
        self.tensors = {self.kind: TensorType("float32", (self._width,))}
        self._pack = struct.Struct(f"{len(features)}d").pack

    @staticmethod
    def fit(feature: NumberFeature, column: Sequence[float | None] | NDArray[np.float64]) -> NumberStatistics:
        """Mean, deviation, median and range of the cells that hold a number, normal scores where their tails are heavy.

        The deviation is the population's. Of an even number of cells the median is the lower middle one. Raises
        ValueError where no cell holds a number.
        """
        values = np.asarray(column, dtype=np.float64)
        values = values[~np.isnan(values) & ~np.isin(values, feature.missing_values)]
        if not values.size:
            raise ValueError(f"feature {feature.name!r} needs at least one number in the train split, received none")
        minimum, maximum = float(values.min()), float(values.max())
        # Scaled by a power of two, which is exact, no sum of numbers and no square of one overflows.
        exponent = int(np.frexp(max(abs(minimum), abs(maximum)))[1])
        scaled = np.ldexp(values, -exponent)
        # The deviation of equal numbers may be a rounding error instead of 0.
        deviation = float(np.ldexp(scaled.std(), exponent)) if minimum < maximum else 0.0
        mean, deviation = float(np.ldexp(scaled.mean(), exponent)), deviation or 1.0
        return NumberStatistics(
            mean=mean,
            standard_deviation=deviation,
            median=float(np.quantile(values, 0.5, method="inverted_cdf")),
            minimum=minimum,
            maximum=maximum,
            normal_scores=normal_scores(values) if has_heavy_tails(values, mean, deviation) else None,
        )

    @staticmethod
    def describe(statistics: NumberStatistics) -> str:
        """The range."""
        return f"Training range: {statistics.minimum:g} to {statistics.maximum:g}."

    def vectorize(
        self, columns: Sequence[Sequence[float | None] | NDArray[np.float64]] | NDArray[Any]
    ) -> NDArray[np.float64]:
        """Float64 array of shape (n_rows, n_features), NaN where a cell is None or stands for missing."""
        # In row order, in which all that follows is faster.
        return self._without_missing_values(np.array(np.array(columns, dtype=np.float64).T, order="C"))

    def vectorize_rows(self, rows: Sequence[Sequence[float | None]]) -> NDArray[np.float64]:
        """As `vectorize`, of rows."""
        if len(self._nullable):
            return self._without_missing_values(np.array(rows, dtype=np.float64))
        # A third of what numpy's own conversion costs, which None needs.
        packed = bytearray().join([self._pack(*row) for row in rows])
        return self._without_missing_values(np.ndarray((len(rows), len(self._features)), np.float64, packed))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Of the values, then of the indicators."""
        return {self.kind: np.concatenate([np.arange(len(self._features)), self._nullable])}

    def ordinary(self, raw: NDArray[np.float64]) -> bool:
        """Whether no number is missing or far outside the training range."""
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
        """A float32 array of shape (n_rows, width), finite for every finite or missing input."""
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
        cell: Cell,  # noqa: ARG002 the raw array holds the very numbers
    ) -> Iterator[tuple[int, RowWarning]]:
        """Numbers farther outside the training range than half that range's width."""
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


def far_bounds(
    minimum: NDArray[np.float64], maximum: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and the highest numbers that are not far outside a training range."""
    slack = FAR * maximum - FAR * minimum
    return minimum - slack, maximum + slack


def _clip(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """As numpy's own clip does, at a tenth of its cost for a row."""
    return np.minimum(np.maximum(scaled, -CLIP), CLIP)
