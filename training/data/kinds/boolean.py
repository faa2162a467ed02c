"""Booleans: a column of that type, or text of true and false."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.tables.columns import boolean_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.boolean import BooleanFeature, BooleanStatistics
from training.data.kinds.base import Bar, Kind, Source, Summary, TypedColumn, declared_texts, is_useless, where
from training.errors import InputError

EDGES: tuple[Callable[[BooleanStatistics], bool | None], ...] = (lambda _: True, lambda _: False, lambda _: None)


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 a boolean has no decimals
    """Return whether all cells are true or false; yes, no, 1 and 0 are booleans only in a column configured so."""
    if filled.dtype != pl.String:
        return filled.dtype == pl.Boolean
    return bool(len(filled)) and bool(filled.str.to_lowercase().is_in(["true", "false"]).all())


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with booleans, None where missing, and its feature.

    Raises InputError where a cell holds something else.
    """
    settings = source.settings
    missing = declared_texts(settings)
    cells = boolean_column(series, missing)
    wrong = next((row for row, cell in enumerate(cells) if isinstance(cell, str)), None)
    if wrong is not None:
        place = where(column, source.row_ids[wrong])
        raise InputError(
            f"{place}: a boolean is needed (true, false, yes, no, 1, 0), received {shorten(series[wrong])}"
        )
    filled = [cell for cell in cells if isinstance(cell, bool)]
    if is_useless(column, len(cells), filled, settings):
        return
    column.values = cells
    column.feature = BooleanFeature(
        name=column.name,
        description=settings.description,
        nullable=len(filled) < len(cells),
        missing_values=missing,
        example=2 * sum(filled) >= len(filled),
    )


def summarize(
    feature: BooleanFeature,  # noqa: ARG001 the statistics say all
    statistics: BooleanStatistics,
    column: Sequence[Any],
) -> Summary:
    """Return the summary of the train split's cells."""
    return Summary(
        missing_share=sum(cell is None for cell in column) / len(column),
        bars=(Bar("true", statistics.true_share), Bar("false", 1 - statistics.true_share)),
    )


def grid(cells: Any) -> Sequence[bool]:  # noqa: ARG001 both values, whichever the cells hold
    """Return false and true, the values to evaluate."""
    return (False, True)


KIND = Kind(
    name="boolean",
    takes="true or false",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
    grid=grid,
)
