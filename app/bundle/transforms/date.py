"""Dates and times: seconds since 1970 in UTC, from which the graph reads elapsed time and the calendar's cycles."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, WrapValidator

from app.bundle.bins.base import Distribution, FeatureReference, ValueDistribution
from app.bundle.bins.edges import EdgeBins, EdgeCounts, far_bounds
from app.bundle.texts.cells import read_filled
from app.bundle.texts.dates import DAY_SECONDS, EARLIEST, LATEST, DateOrder, iso, read_date
from app.bundle.transforms.base import CellLookup, Feature, RowWarning, Statistics, Tensors, TensorType, Transform
from app.bundle.transforms.number import CLIP

if TYPE_CHECKING:
    import polars as pl

    from app.bundle.tables.archives import Files
    from app.bundle.tables.decimal_marks import DecimalMark

_N_WEEKDAYS = 7


class DateFeature(Feature):
    """A date or date-time, as ISO 8601 or in the order given."""

    kind: Literal["date"] = "date"
    missing_values: tuple[str, ...] = ()
    order: DateOrder = "ymd"
    example: str | None = None


class DateStatistics(Statistics):
    """Statistics of one date over the train split, in seconds since 1970 (UTC)."""

    kind: Literal["date"] = "date"
    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]
    minimum: float
    maximum: float
    has_times: bool


class DateReference(FeatureReference, EdgeCounts):
    """The distribution of one date's seconds since 1970."""

    kind: Literal["date"] = "date"


class DateBins(EdgeBins):
    """Bins of a raw column of seconds since 1970."""

    reference_type: ClassVar[type[FeatureReference]] = DateReference

    @staticmethod
    def text(value: float) -> str:
        """Return ISO 8601, in the first or the last year that ISO 8601 can write where the value lies beyond."""
        return iso(min(max(value, EARLIEST), LATEST))


class DateTransform(Transform):
    """Raw: float64 of shape (n_rows, n_features), seconds since 1970, NaN where missing.

    Tensor: float32 of shape (n_rows, width), for each feature the elapsed time and the beginning of its year (both
    standardized), sine and cosine of the day in its year and in its month, one indicator per weekday from Monday on,
    sine and cosine of the time of day where training saw times, and whether the date is missing where the feature is
    nullable. A missing date has 0 in all but the last.
    """

    kind: ClassVar[str] = "date"
    feature_type: ClassVar[type[Feature]] = DateFeature
    statistics_type: ClassVar[type[Statistics]] = DateStatistics
    distribution: ClassVar[Distribution] = ValueDistribution(DateBins)
    # The reader alone validates a cell, so that an error names one rule.
    cell: ClassVar[Any] = Annotated[str | float, WrapValidator(lambda value, _: value)]
    arrow_types: ClassVar[frozenset[str]] = frozenset({"time"})

    def __init__(self, features: Sequence[DateFeature], statistics: Sequence[DateStatistics]) -> None:
        self._features = features
        self._statistics = statistics
        minimum = np.array([fitted.minimum for fitted in statistics])
        maximum = np.array([fitted.maximum for fitted in statistics])
        self._lowest, self._highest = far_bounds(minimum, maximum)
        empty = np.zeros(0)
        self._widths = [
            _calendar(empty, fitted).shape[1] + feature.nullable
            for feature, fitted in zip(features, statistics, strict=True)
        ]
        self.tensors = {self.kind: TensorType("float32", (sum(self._widths),))}

    @classmethod
    def fit(cls, feature: DateFeature, column: Sequence[str | float | None]) -> DateStatistics:
        """Return the statistics in seconds, the deviation the population's, and whether any time is not midnight.

        Raises ValueError where no cell holds a date.
        """
        read = reader(feature)
        seconds = np.array([cell for cell in map(read, column) if cell is not None], dtype=np.float64)
        if not seconds.size:
            raise ValueError(f"feature {feature.name!r} needs at least one date in the train split, received none")
        return DateStatistics(
            mean=float(seconds.mean()),
            standard_deviation=float(seconds.std()) or 1.0,
            minimum=float(seconds.min()),
            maximum=float(seconds.max()),
            has_times=bool((seconds % DAY_SECONDS).any()),
        )

    @staticmethod
    def describe(statistics: DateStatistics) -> str:
        """Return the format and the training range."""
        return f"ISO 8601, UTC where no offset is given. Training range: {_range(statistics)}."

    @staticmethod
    def csv_reader(feature: DateFeature) -> Callable[[str], Any]:  # noqa: ARG004 the reader knows the order
        """Return a function that reads the cell's text, which `reader` parses."""
        return read_filled

    @staticmethod
    def from_polars(
        feature: DateFeature,  # noqa: ARG004 the reader knows the order
        column: "pl.Series",
        mark: "DecimalMark",  # noqa: ARG004 a date has no decimals
        files: "Files | None",  # noqa: ARG004 a date lies in no file
    ) -> list[Any]:
        """Return ISO 8601 for a column of dates, other cells as they are."""
        from app.bundle.tables.columns import date_column  # noqa: PLC0415 the service has no polars

        return date_column(column)

    def reader(self, index: int) -> Callable[[Any], Any] | None:
        """Return a function that reads a cell as seconds since 1970, or as None if it stands for missing."""
        return reader(self._features[index])

    def vectorize(self, columns: Sequence[Sequence[float | None]] | NDArray[Any]) -> NDArray[np.float64]:
        """Return float64 of shape (n_rows, n_features)."""
        return np.array(np.array(columns, dtype=np.float64).T, order="C")

    def vectorize_rows(self, rows: Sequence[Sequence[float | None]]) -> NDArray[np.float64]:
        """Return the same array from rows."""
        return np.array(rows, dtype=np.float64)

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return the owners, one feature after the other."""
        return {self.kind: np.repeat(np.arange(len(self._features)), self._widths)}

    def ordinary(self, raw: NDArray[np.float64]) -> bool:
        """Return whether no date is missing or far outside the training range."""
        return bool(((raw >= self._lowest) & (raw <= self._highest)).all())

    def normalize(
        self,
        raw: NDArray[np.float64],
        *,
        ordinary: bool = False,  # noqa: ARG002 the calendar costs the same
    ) -> Tensors:
        """Return the tensor, finite for every date."""
        parts = []
        for seconds, feature, fitted in zip(raw.T, self._features, self._statistics, strict=True):
            missing = np.isnan(seconds)
            columns = _calendar(np.where(missing, fitted.mean, seconds), fitted)
            parts.append(np.where(missing[:, None], 0.0, columns))
            if feature.nullable:
                parts.append(missing[:, None])
        return {self.kind: np.concatenate(parts, axis=1, dtype=np.float32)}

    def warnings(
        self,
        raw: NDArray[np.float64],
        cell: CellLookup,  # noqa: ARG002 a date is shown as ISO 8601, however it was sent
    ) -> Iterator[tuple[int, RowWarning]]:
        """Yield a warning for each date farther outside the training range than half that range's width."""
        for row, index in np.argwhere((raw < self._lowest) | (raw > self._highest)):
            name, seen = self._features[index].name, self._statistics[index]
            message = f"{iso(raw[row, index])} is far outside the training range of {name!r}, {_range(seen)}"
            yield int(row), RowWarning(name, "out_of_range", message)


def reader(feature: DateFeature) -> Callable[[Any], float | None]:
    """Return a function that reads a feature's cell as seconds since 1970, or as None if it stands for missing."""

    def read(cell: Any) -> float | None:
        return None if cell is None or cell in feature.missing_values else read_date(cell, feature.order)

    return read


def _calendar(seconds: NDArray[np.float64], fitted: DateStatistics) -> NDArray[np.float64]:
    """Return float64 of shape (n_rows, 13), or (n_rows, 15) where training saw times."""
    days = np.floor(seconds / DAY_SECONDS).astype(np.int64)
    date = days.astype("datetime64[D]")
    years, months = date.astype("datetime64[Y]"), date.astype("datetime64[M]")
    year_start, month_start = (starts.astype("datetime64[D]").astype(np.int64) for starts in (years, months))
    year_days = (years + np.timedelta64(1, "Y")).astype("datetime64[D]").astype(np.int64) - year_start
    month_days = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - month_start
    columns = [
        _scaled(seconds, fitted),
        _scaled(year_start * DAY_SECONDS, fitted),
        *_cycle((days - year_start) / year_days),
        *_cycle((days - month_start) / month_days),
        *((days + 3) % _N_WEEKDAYS == weekday for weekday in range(_N_WEEKDAYS)),  # day 0 was a Thursday
    ]
    if fitted.has_times:
        columns += _cycle(seconds / DAY_SECONDS - days)
    return np.stack(columns, axis=1, dtype=np.float64)


def _scaled(seconds: NDArray[Any], fitted: DateStatistics) -> NDArray[np.float64]:
    return np.clip((seconds - fitted.mean) / fitted.standard_deviation, -CLIP, CLIP)


def _cycle(share: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    angle = 2 * np.pi * share
    return [np.sin(angle), np.cos(angle)]


def _range(statistics: DateStatistics) -> str:
    return f"{iso(statistics.minimum)} to {iso(statistics.maximum)}"
