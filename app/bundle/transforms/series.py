"""Series: cells of any number of numbers in order; all series of a model are channels of one tensor."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, WrapValidator

from app.bundle.bins.base import Distribution
from app.bundle.bins.edges import far_bounds
from app.bundle.bins.measured import MeasuredDistribution, Quantity
from app.bundle.texts.cells import NUMBER, read_filled
from app.bundle.transforms.base import CellLookup, Feature, RowWarning, Statistics, Tensors, TensorType, Transform
from app.bundle.transforms.number import CLIP, mean_and_deviation

if TYPE_CHECKING:
    import polars as pl

    from app.bundle.tables.archives import Files
    from app.bundle.tables.decimal_marks import DecimalMark

LENGTH = "series_length"
MAX_STEPS = 1024
"""Steps of the tensor at most; where training saw longer series, neighbouring numbers are averaged into one step."""

_RULE = "must be a list of finite numbers, or text of them separated by spaces, by commas or by semicolons"
_TEXT = re.compile("|".join(rf"{NUMBER}(?:{by}{NUMBER})*+" for by in (r"\s*+,\s*+", r"\s*+;\s*+", r"\s++")))
_SEPARATORS = str.maketrans(",;", "  ")


class SeriesFeature(Feature):
    """One finite number or more, in order; the series of one row may differ in length."""

    kind: Literal["series"] = "series"
    missing_values: tuple[str, ...] = ()
    example: list[float] | None = None


class SeriesStatistics(Statistics):
    """Statistics of all numbers of a feature's series, and of the series' lengths.

    Only the first `longest` numbers of a series are read.
    """

    kind: Literal["series"] = "series"
    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]
    minimum: float
    maximum: float
    shortest: Annotated[int, Field(ge=1)]
    longest: Annotated[int, Field(ge=1)]


class SeriesTransform(Transform):
    """Raw: float64 of shape (n_rows, n_features, 1 + longest): the number of numbers sent, the numbers, then NaN.

    Tensors: `series`, float32 of shape (n_rows, n_steps, n_features), standardized and 0 after the series' end;
    `series_length`, int32 of shape (n_rows, n_features), the steps before that end, 0 where missing.
    """

    kind: ClassVar[str] = "series"
    feature_type: ClassVar[type[Feature]] = SeriesFeature
    statistics_type: ClassVar[type[Statistics]] = SeriesStatistics
    distribution: ClassVar[Distribution] = MeasuredDistribution(
        "series",
        Quantity("length", cut="series_cut", limit=lambda fitted: fitted.longest),
        Quantity("mean", position=1),
    )
    # The reader alone validates a cell, so that an error names one rule.
    cell: ClassVar[Any] = Annotated[list[float] | str, WrapValidator(lambda value, _: value)]
    arrow_types: ClassVar[frozenset[str]] = frozenset({"list"})
    is_series: ClassVar[bool] = True

    def __init__(self, features: Sequence[SeriesFeature], statistics: Sequence[SeriesStatistics]) -> None:
        self._features = features
        self._statistics = statistics
        self._mean = np.array([fitted.mean for fitted in statistics])[:, None]
        self._deviation = np.array([fitted.standard_deviation for fitted in statistics])[:, None]
        self._longest = np.array([fitted.longest for fitted in statistics])
        minimum = np.array([fitted.minimum for fitted in statistics])[:, None]
        maximum = np.array([fitted.maximum for fitted in statistics])[:, None]
        with np.errstate(over="ignore"):  # an infinite bound warns of nothing, as it should
            self._lowest, self._highest = far_bounds(minimum, maximum)
        self._pooled = math.ceil(int(self._longest.max()) / MAX_STEPS)
        self._n_steps = math.ceil(int(self._longest.max()) / self._pooled)
        self._width = self._n_steps * self._pooled
        self.tensors = {
            self.kind: TensorType("float32", (self._n_steps, len(features))),
            LENGTH: TensorType("int32", (len(features),)),
        }

    @classmethod
    def fit(cls, feature: SeriesFeature, column: Sequence[Sequence[float] | None]) -> SeriesStatistics:
        """Return the statistics of all numbers, the deviation the population's, and of the lengths.

        Raises ValueError where no cell holds a series.
        """
        series = [np.asarray(cell, dtype=np.float64) for cell in column if cell is not None]
        if not series:
            raise ValueError(f"feature {feature.name!r} needs at least one series in the train split, received none")
        values = np.concatenate(series)
        lengths = [len(numbers) for numbers in series]
        mean, deviation = mean_and_deviation(values)
        return SeriesStatistics(
            mean=mean,
            standard_deviation=deviation,
            minimum=float(values.min()),
            maximum=float(values.max()),
            shortest=min(lengths),
            # A single overlong series would pad all others.
            longest=min(max(lengths), 2 * int(np.quantile(lengths, 0.99, method="higher"))),
        )

    @staticmethod
    def describe(statistics: SeriesStatistics) -> str:
        """Return the range of the numbers and of the lengths."""
        lengths = f"{statistics.shortest} to {statistics.longest} numbers"
        return f"Training saw {lengths} from {statistics.minimum:g} to {statistics.maximum:g}; what follows is cut off."

    @staticmethod
    def csv_reader(feature: SeriesFeature) -> Callable[[str], Any]:  # noqa: ARG004 the reader knows the feature
        """Return a function that reads the cell's text, which `reader` parses."""
        return read_filled

    @staticmethod
    def from_polars(
        feature: SeriesFeature,  # noqa: ARG004 the reader knows the feature
        column: "pl.Series",
        mark: "DecimalMark",  # noqa: ARG004 text of several numbers has points
        files: "Files | None",  # noqa: ARG004 a series lies in no file
    ) -> list[Any]:
        """Return the lists or texts of numbers as they are."""
        from app.bundle.tables.columns import filled_column  # noqa: PLC0415 the service has no polars

        return filled_column(column)

    def reader(self, index: int) -> Callable[[Any], Any] | None:
        """Return a function that reads a cell as float64, or as None if its text stands for missing."""
        missing = self._features[index].missing_values
        if not missing:
            return read_series
        return lambda cell: None if isinstance(cell, str) and cell in missing else read_series(cell)

    def vectorize(self, columns: Sequence[Sequence[NDArray[np.float64] | None]] | NDArray[Any]) -> NDArray[np.float64]:
        """Return float64 of shape (n_rows, n_features, 1 + longest)."""
        raw = np.full((len(columns[0]), len(columns), 1 + self._width), np.nan)
        raw[:, :, 0] = 0
        for index, (column, longest) in enumerate(zip(columns, self._longest, strict=True)):
            for cells, series in zip(raw[:, index], column, strict=True):
                if series is not None:
                    kept = series[:longest]
                    cells[0] = len(series)
                    cells[1 : 1 + len(kept)] = kept
        return raw

    def vectorize_rows(self, rows: Sequence[Sequence[NDArray[np.float64] | None]]) -> NDArray[np.float64]:
        """Return the same array from rows."""
        return self.vectorize(list(zip(*rows, strict=True)))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return the owners of the channels and of the lengths."""
        return dict.fromkeys((self.kind, LENGTH), np.arange(len(self._features)))

    def summary(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many numbers were sent and the mean of those that are read, both NaN for a missing series."""
        lengths = np.where(raw[:, :, 0] > 0, raw[:, :, 0], np.nan)
        # Divided first: no sum of the numbers overflows.
        means = np.nansum(raw[:, :, 1:] / np.minimum(lengths, self._longest)[:, :, None], axis=2)
        return np.stack([lengths, np.where(np.isnan(lengths), np.nan, means)], axis=2)

    def ordinary(self, raw: NDArray[np.float64]) -> bool:
        """Return whether no series is missing, too long, or has a number far outside the training range."""
        lengths = raw[:, :, 0]
        return bool(lengths.all() and (lengths <= self._longest).all() and not self._far(raw).any())

    def normalize(
        self,
        raw: NDArray[np.float64],
        *,
        ordinary: bool = False,  # noqa: ARG002 all series are padded, ordinary ones as well
    ) -> Tensors:
        """Return both tensors, finite for every series of finite numbers."""
        values = raw[:, :, 1:]
        with np.errstate(over="ignore"):  # what overflows is clipped
            scaled = np.clip((values - self._mean) / self._deviation, -CLIP, CLIP)
        lengths = np.minimum(raw[:, :, 0], self._longest)
        filled = np.nan_to_num(scaled, nan=0.0)
        if self._pooled > 1:
            steps = (len(raw), raw.shape[1], self._n_steps, self._pooled)
            counts = np.maximum((~np.isnan(values)).reshape(steps).sum(axis=3), 1)
            filled = filled.reshape(steps).sum(axis=3) / counts
        return {
            self.kind: np.ascontiguousarray(filled.transpose(0, 2, 1), dtype=np.float32),
            LENGTH: np.ceil(lengths / self._pooled).astype(np.int32),
        }

    def warnings(
        self,
        raw: NDArray[np.float64],
        cell: CellLookup,  # noqa: ARG002 the raw array says all
    ) -> Iterator[tuple[int, RowWarning]]:
        """Yield a warning for each series that was cut, or has a number far outside the training range."""
        for row, index in np.argwhere(raw[:, :, 0] > self._longest):
            name, longest = self._features[index].name, self._longest[index]
            message = f"{raw[row, index, 0]:g} numbers in {name!r}, of which the first {longest} were read"
            yield int(row), RowWarning(name, "series_cut", message)
        far = self._far(raw)
        for row, index in np.argwhere(far.any(axis=2)):
            name, seen = self._features[index].name, self._statistics[index]
            value = raw[row, index, 1:][far[row, index]][0]
            known = f"{seen.minimum:g} to {seen.maximum:g}"
            message = f"{value:g} is far outside the training range of {name!r}, {known}"
            yield int(row), RowWarning(name, "out_of_range", message)

    def _far(self, raw: NDArray[np.float64]) -> NDArray[np.bool_]:
        values = raw[:, :, 1:]
        far: NDArray[np.bool_] = (values < self._lowest) | (values > self._highest)
        return far


def read_series(cell: Any) -> NDArray[np.float64]:
    """Return float64 of a cell's numbers; raise ValueError with the rule where it holds none, or anything else."""
    if isinstance(cell, np.ndarray):  # as training holds it, already read
        return cell
    if isinstance(cell, str):
        text = cell.strip()
        text = text[1:-1].strip() if text.startswith("[") and text.endswith("]") else text
        if not _TEXT.fullmatch(text):
            raise ValueError(_RULE)
        numbers: Sequence[Any] = [float(number) for number in text.translate(_SEPARATORS).split()]
    elif isinstance(cell, list | tuple) and {float, int}.issuperset(map(type, cell)):
        numbers = cell
    else:
        raise ValueError(_RULE)
    if not numbers:
        raise ValueError("must hold at least one number")
    try:
        series = np.array(numbers, dtype=np.float64)
    except OverflowError as error:  # an integer of more than 308 digits
        raise ValueError(_RULE) from error
    if not np.isfinite(series).all():
        raise ValueError(_RULE)
    return series
