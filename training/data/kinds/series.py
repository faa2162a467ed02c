"""Series: lists of numbers, or text of them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.tables.columns import filled_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.series import SeriesFeature, SeriesStatistics, read_series
from training.data.histogram import histogram
from training.data.kinds.base import (
    N_BINS,
    Kind,
    Source,
    Summary,
    TypedColumn,
    declared_texts,
    is_useless,
    mostly_matches,
    where,
)
from training.errors import InputError
from training.formats import compact

EDGES: tuple[Callable[[SeriesStatistics], list[float] | None], ...] = (
    lambda fitted: [fitted.mean],
    lambda fitted: [fitted.minimum, fitted.maximum] * fitted.longest,
    lambda fitted: [1e300, -1e300] * fitted.shortest,
    lambda _: None,
)
"""A single number, a series that is cut, one that is clipped, and a missing cell."""

_EXAMPLE_NUMBERS = 32
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_MANY = 3
_SERIES = "|".join(rf"^\[?\s*{_NUMBER}(?:{by}{_NUMBER}){{{_MANY},}}\s*\]?$" for by in (r"\s*,\s*", r"\s*;\s*", r"\s+"))


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 text of several numbers has points
    """Return whether the cells are lists of numbers, or text nearly all of which is of more than _MANY numbers."""
    return is_list_of_numbers(filled.dtype) or mostly_matches(filled, _SERIES)


def is_list_of_numbers(dtype: pl.DataType) -> bool:
    """Return whether cells of the type are lists or arrays of numbers."""
    return isinstance(dtype, pl.List | pl.Array) and dtype.inner.is_numeric()


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with float64 arrays, None where missing, and its feature.

    Raises InputError where the configuration says that the column holds series and a cell holds something else.
    """
    settings = source.settings
    cells = [_read(cell) for cell in filled_column(series)]
    wrong = [row for row, cell in enumerate(cells) if isinstance(cell, str)]
    if wrong and settings.kind == "series":
        place = where(column, source.row_ids[wrong[0]])
        raise InputError(f"{place}: a series {cells[wrong[0]]}, received {shorten(series[wrong[0]])}")
    if wrong:
        action = "taken as missing; the service refuses such cells, so send null"
        column.note(f"cells that are not series, such as {shorten(series[wrong[0]])}", action, len(wrong))
    values = [None if isinstance(cell, str) else cell for cell in cells]
    filled = [numbers for numbers in values if numbers is not None]
    if is_useless(column, len(cells), [tuple(numbers.tolist()) for numbers in filled], settings):
        return
    column.values = values
    column.feature = SeriesFeature(
        name=column.name,
        description=settings.description,
        nullable=len(filled) < len(cells),
        missing_values=declared_texts(settings),
        example=_example(filled),
    )


def _read(cell: Any) -> NDArray[np.float64] | str | None:
    """Return the numbers, or the rule that the cell breaks."""
    try:
        return None if cell is None else read_series(cell)
    except ValueError as error:
        return str(error)


def _example(filled: Sequence[NDArray[np.float64]]) -> list[float]:
    """Return the first series of the median length, cut to _EXAMPLE_NUMBERS."""
    median = sorted(len(numbers) for numbers in filled)[len(filled) // 2]
    first = next(numbers for numbers in filled if len(numbers) == median)
    return [float(number) for number in first[:_EXAMPLE_NUMBERS]]


def summarize(
    feature: SeriesFeature,  # noqa: ARG001 the statistics say all
    statistics: SeriesStatistics,
    column: Sequence[Any],
) -> Summary:
    """Return the summary of the train split's cells."""
    present = [numbers for numbers in column if numbers is not None]
    facts = (
        ("range", f"{compact(statistics.minimum)} to {compact(statistics.maximum)}"),
        ("mean ± deviation", f"{compact(statistics.mean)} ± {compact(statistics.standard_deviation)}"),
        ("numbers a series", f"{statistics.shortest} to {statistics.longest}"),
    )
    return Summary(
        missing_share=1 - len(present) / len(column),
        facts=facts,
        histogram=histogram(np.concatenate(present), N_BINS) if present else None,
    )


KIND = Kind(
    name="series",
    takes="one number or more, in order",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
    is_checked_for_leakage=False,  # arrays cannot be compared with the target
)
