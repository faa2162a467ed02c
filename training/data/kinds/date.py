"""Dates and times: text in one order, a file's own types, or seconds since 1970."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.features import DateFeature, DateOrder
from app.bundle.normalization import DateStatistics
from app.bundle.tables.reader import date_column
from app.bundle.transforms.date import iso, read_date
from training.data.kinds.base import Column, Source, Summary, declared_texts, is_useless, where
from training.data.table import evenly_spaced
from training.errors import InputError

EDGES: tuple[Callable[[DateStatistics], str | None], ...] = (
    lambda fitted: iso(fitted.minimum),
    lambda fitted: iso(fitted.maximum),
    lambda _: "0001-01-01",
    lambda _: "9999-12-31T23:59:59Z",
    lambda _: None,
)
"""Cells that hardly a test split holds and every service meets."""

_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)", re.ASCII)
_MONTHS = 12
MAX_VALUES = 8


def read(column: Column, series: pl.Series, source: Source) -> None:
    """Fill the column with ISO 8601 text, None where missing, and its feature.

    Raises InputError where a cell of a column that is said to hold dates holds something else.
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
        action = "taken as missing; the service refuses such cells, send null"
        column.note(f"cells that are no dates, such as {shorten(series[wrong[0]])}", action, len(wrong))
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


def _order(column: Column, cells: Sequence[Any]) -> DateOrder:
    """The order that the whole column allows; what stays open is told."""
    found = [match for cell in cells if isinstance(cell, str) and (match := _NUMERIC.match(cell))]
    if not found:
        return "ymd"
    days_first = sum(int(match[1]) > _MONTHS for match in found)
    months_first = sum(int(match[2]) > _MONTHS for match in found)
    if days_first != months_first:
        return "dmy" if days_first > months_first else "mdy"
    american = any(match.string[-2:].lower() in ("am", "pm") for match in found)
    order: DateOrder = "mdy" if american else "dmy"
    first = "month" if american else "day"
    action = f"read with the {first} first; set date_order in [columns] where that is wrong"
    column.note(f"dates that leave open which is the month, such as {shorten(found[0].string)}", action, len(found))
    return order


def summarize(
    feature: DateFeature,  # noqa: ARG001 the statistics say all
    statistics: DateStatistics,
    column: Sequence[Any],
) -> Summary:
    """Of the train split's cells."""
    present = [one for one in column if one is not None]
    facts = (
        ("range", f"{iso(statistics.minimum)} to {iso(statistics.maximum)}"),
        ("times of day", "yes" if statistics.has_times else "no"),
    )
    return Summary(
        missing_share=1 - len(present) / len(column),
        facts=facts,
    )


def grid(cells: Sequence[str | None]) -> list[str]:
    """At most MAX_VALUES dates, evenly spread over those that there are."""
    found = sorted({cell for cell in cells if cell is not None})
    return [found[index] for index in evenly_spaced(len(found), MAX_VALUES)]
