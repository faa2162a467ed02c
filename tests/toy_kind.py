"""A kind that is no part of the project: colours such as #ff8000, of which the network reads red, green and blue.

It shows what a new kind has to bring, room by room: feature, statistics and transform (app/bundle/transforms), the
column of a data file (training/data/kinds), and the encoder (training/network/encoders).
"""

# ruff: noqa: ARG002, ARG003, ARG004  the signatures are those of the base class

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.bundle.bins.base import Distribution
from app.bundle.bins.measured import MeasuredDistribution, Quantity
from app.bundle.tables.columns import category_column
from app.bundle.transforms import CellLookup, Feature, RowWarning, Statistics, Tensors, TensorType, Transform
from training.data.kinds.base import Kind, Source, Summary, TypedColumn, is_useless, mostly_matches

if TYPE_CHECKING:
    from training.network.encoders.base import Encoder

NAME = "colour"
_COLOUR = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")


class ColourFeature(Feature):
    """A colour, as the web writes it."""

    kind: Literal["colour"] = "colour"
    missing_values: tuple[str, ...] = ()
    example: str | None = None


class ColourStatistics(Statistics):
    """The mean colour of the train split, 0 to 255 per channel."""

    kind: Literal["colour"] = "colour"
    mean: tuple[float, float, float]


class ColourTransform(Transform):
    """Raw: float64 of shape (n_rows, n_features, 3), NaN where missing. Tensor: the same as float32, flat, centred."""

    kind: ClassVar[str] = NAME
    feature_type: ClassVar[type[Feature]] = ColourFeature
    statistics_type: ClassVar[type[Statistics]] = ColourStatistics
    distribution: ClassVar[Distribution] = MeasuredDistribution(NAME, Quantity("brightness"))
    cell: ClassVar[Any] = str

    def __init__(self, features: Sequence[ColourFeature], statistics: Sequence[ColourStatistics]) -> None:
        self._n_features = len(features)
        self._mean = np.array([fitted.mean for fitted in statistics])
        self.tensors: Mapping[str, TensorType] = {NAME: TensorType("float32", (3 * len(features),))}

    @classmethod
    def fit(cls, feature: ColourFeature, column: Sequence[str | None]) -> ColourStatistics:
        red, green, blue = np.mean([read_colour(cell) for cell in column if cell is not None], axis=0).tolist()
        return ColourStatistics(mean=(red, green, blue))

    @staticmethod
    def describe(statistics: ColourStatistics) -> str:
        return "A colour such as #ff8000."

    def reader(self, index: int) -> Callable[[Any], Any] | None:
        return read_colour

    def vectorize(self, columns: Sequence[Sequence[Any]] | NDArray[Any]) -> NDArray[np.float64]:
        missing = (np.nan,) * 3
        cells = [[missing if cell is None else cell for cell in column] for column in columns]
        return np.array(np.array(cells, dtype=np.float64).transpose(1, 0, 2), order="C")

    def vectorize_rows(self, rows: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
        return self.vectorize(list(zip(*rows, strict=True)))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        return {NAME: np.repeat(np.arange(self._n_features), 3)}

    def summary(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(raw.mean(axis=2, keepdims=True))

    def ordinary(self, raw: NDArray[np.float64]) -> bool:
        return not np.isnan(raw).any()

    def normalize(self, raw: NDArray[np.float64], *, ordinary: bool = False) -> Tensors:
        centred = np.where(np.isnan(raw), 0, (raw - self._mean) / 128)
        return {NAME: centred.reshape(len(raw), -1).astype(np.float32)}

    def warnings(self, raw: NDArray[np.float64], cell: CellLookup) -> Iterator[tuple[int, RowWarning]]:
        return iter(())


def read_colour(cell: str) -> tuple[int, ...]:
    match = _COLOUR.fullmatch(cell)
    if match is None:
        raise ValueError("must be a colour such as #ff8000")
    return tuple(int(channel, 16) for channel in match.groups())


def recognizes(filled: pl.Series, mark: str) -> bool:
    return mostly_matches(filled, f"^{_COLOUR.pattern}$")


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    cells = category_column(series)
    filled = [cell for cell in cells if cell is not None]
    if is_useless(column, len(cells), filled, source.settings):
        return
    column.values = cells
    column.feature = ColourFeature(name=column.name, nullable=len(filled) < len(cells), example=filled[0])


def summarize(feature: ColourFeature, statistics: ColourStatistics, column: Sequence[Any]) -> Summary:
    facts = (("mean colour", ", ".join(f"{channel:.0f}" for channel in statistics.mean)),)
    return Summary(missing_share=sum(cell is None for cell in column) / len(column), facts=facts)


KIND = Kind(
    name=NAME,
    takes="a colour",
    read=read,
    recognizes=recognizes,
    edges=(lambda _: "#000000", lambda _: "#ffffff", lambda _: None),
    summarize=summarize,
    grid=lambda _: ["#ff0000", "#0000ff"],
)


def encode(inputs: Mapping[str, Any], statistics: Sequence[Any], config: Any, train: Any) -> Any:
    return inputs[NAME]


def encoder() -> "Encoder":
    """Return the encoder, whose room imports TensorFlow."""
    from training.network.encoders.base import Encoder  # noqa: PLC0415

    return Encoder(NAME, encode)
