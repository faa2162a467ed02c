"""Dates and times: columns of those types, text in one order of day, month and year, or seconds since 1970."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.tables.columns import date_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.texts.dates import DateOrder, iso, read_date
from app.bundle.transforms.date import DateFeature, DateStatistics
from training.data.kinds.base import (
    Kind,
    Source,
    Summary,
    TypedColumn,
    declared_texts,
    is_useless,
    mostly_matches,
    where,
)
from training.data.table import evenly_spaced
from training.errors import InputError

EDGES: tuple[Callable[[DateStatistics], str | None], ...] = (
    lambda fitted: iso(fitted.minimum),
    lambda fitted: iso(fitted.maximum),
    lambda _: "0001-01-01",
    lambda _: "9999-12-31T23:59:59Z",
    lambda _: None,
)
"""The ends of the training range, the first and the last date that can be written, and a missing cell."""

_DATE = (
    r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*(?:Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?$"
)
_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)", re.ASCII)
_MONTHS = 12
MAX_VALUES = 8


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 a date has no decimals
    """Return whether the cells are dates or date-times, or text of which nearly all is."""
    return filled.dtype in (pl.Date, pl.Datetime) or mostly_matches(filled, _DATE)


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with ISO 8601 text, None where missing, and its feature.

    Raises InputError where the configuration says that the column holds dates and a cell holds something else.
    """
    settings = source.settings
    cells = date_column(series)
    order: DateOrder = "unix" if series.dtype.is_numeric() else settings.date_order or _order(column, cells)
    values = [_read(cell, order) for cell in cells]
    wrong = [row for row, value in enumerate(values) if value is None and cells[row] is not None]
    if wrong and settings.kind == "date":
        place = where(column, source.row_ids[wrong[0]])
        raise InputError(f"{place}: a date ({order}) is needed, received {shorten(series[wrong[0]])}")
    if wrong:
        action = "taken as missing; the service refuses such cells, so send null"
        column.note(f"cells that are not dates, such as {shorten(series[wrong[0]])}", action, len(wrong))
    filled = [value for value in values if value is not None]
    if is_useless(column, len(cells), filled, settings):
        return
    column.values = values
    column.feature = DateFeature(
        name=column.name,
        description=settings.description,
        nullable=len(filled) < len(cells),
        missing_values=declared_texts(settings),
        order=order,
        example=sorted(filled)[len(filled) // 2],
    )


def _read(cell: Any, order: DateOrder) -> str | None:
    try:
        return None if cell is None else iso(read_date(cell, order))
    except ValueError:
        return None


def _order(column: TypedColumn, cells: Sequence[Any]) -> DateOrder:
    """Return the order of day and month that the whole column allows, and note where it leaves that open."""
    matches = [match for cell in cells if isinstance(cell, str) and (match := _NUMERIC.match(cell))]
    if not matches:
        return "ymd"
    days_first = sum(int(match[1]) > _MONTHS for match in matches)
    months_first = sum(int(match[2]) > _MONTHS for match in matches)
    if days_first != months_first:
        return "dmy" if days_first > months_first else "mdy"
    american = any(match.string[-2:].lower() in ("am", "pm") for match in matches)
    order: DateOrder = "mdy" if american else "dmy"
    first = "month" if american else "day"
    action = f"read with the {first} first; set date_order in [columns] where that is wrong"
    column.note(
        f"dates that could have the day or the month first, such as {shorten(matches[0].string)}", action, len(matches)
    )
    return order


def summarize(
    feature: DateFeature,  # noqa: ARG001 the statistics say all
    statistics: DateStatistics,
    column: Sequence[Any],
) -> Summary:
    """Return the summary of the train split's cells."""
    present = [cell for cell in column if cell is not None]
    facts = (
        ("range", f"{iso(statistics.minimum)} to {iso(statistics.maximum)}"),
        ("times of day", "yes" if statistics.has_times else "no"),
    )
    return Summary(
        missing_share=1 - len(present) / len(column),
        facts=facts,
    )


def grid(cells: Sequence[str | None]) -> list[str]:
    """Return at most MAX_VALUES of the column's dates, evenly spaced."""
    dates = sorted({cell for cell in cells if cell is not None})
    return [dates[index] for index in evenly_spaced(len(dates), MAX_VALUES)]


KIND = Kind(
    name="date",
    takes="a date, with or without its time",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
    grid=grid,
)
