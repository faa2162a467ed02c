"""Dates and date-times as text or numbers, to seconds since 1970 in UTC and back to ISO 8601."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

DateOrder = Literal["ymd", "dmy", "mdy", "unix"]
"""How a date is written besides ISO 8601: not at all, day first, month first, or as seconds since 1970."""

ISO_RULE = "must be an ISO 8601 date (2024-02-29) or date-time (2024-02-29T13:45:00Z) of the years 1 to 9999"
_RULES: dict[DateOrder, str] = {
    "ymd": ISO_RULE,
    "dmy": f"{ISO_RULE}, or be written day, month, year (29/02/2024)",
    "mdy": f"{ISO_RULE}, or be written month, day, year (02/29/2024)",
    "unix": f"{ISO_RULE}, or be seconds since 1970",
}
_TIME = r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s?(?:([Zz])|([+-]\d{2}):?(\d{2})|([AaPp][Mm]))?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{0,9})?")
_CENTURY_TURN = 69
"""Two-digit years from this one on are of the twentieth century, as in POSIX."""

DAY_SECONDS = 86_400.0
EARLIEST = datetime(1, 1, 1, tzinfo=UTC).timestamp()
LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def read_date(cell: Any, order: DateOrder) -> float:
    """Return seconds since 1970 in UTC, which is also the zone of a cell without an offset.

    ISO 8601 is read whatever the order. Raises ValueError with the rule where the cell holds no date.
    """
    try:
        if isinstance(cell, str):
            text = cell.strip()
            if order == "unix" and _NUMBER.fullmatch(text):
                return _bounded(float(text))
            return _bounded(_parse(text, order))
        if order == "unix" and type(cell) in (float, int):
            return _bounded(float(cell))
    except (ValueError, OverflowError) as error:
        raise ValueError(_RULES[order]) from error
    raise ValueError(_RULES[order])


def _parse(text: str, order: DateOrder) -> float:
    """Return seconds since 1970 of a stripped text; raise ValueError or OverflowError where it is no date."""
    if match := _YEAR_FIRST.fullmatch(text):
        year, _, month, day, *time = match.groups()
    elif order in ("dmy", "mdy") and (match := _YEAR_LAST.fullmatch(text)):
        first, _, second, year, *time = match.groups()
        day, month = (first, second) if order == "dmy" else (second, first)
    else:
        raise ValueError(text)
    hour, minute, second, fraction, _, offset_hours, offset_minutes, half = time
    if hour is None and any(time):  # an offset, or am, without a time
        raise ValueError(text)
    number = int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= _CENTURY_TURN else 2000)
    day_time = timedelta(
        hours=_hour(hour or "0", half),
        minutes=_below(minute, 60),
        seconds=_below(second, 60) + float(f"0.{fraction or 0}"),
    )
    offset = timedelta(minutes=60 * int(offset_hours or 0))
    offset += timedelta(minutes=_below(offset_minutes, 60)) * (-1 if (offset_hours or "").startswith("-") else 1)
    midnight = datetime(number, int(month), int(day), tzinfo=timezone(offset))
    return midnight.timestamp() + day_time.total_seconds()


def _hour(text: str, half: str | None) -> int:
    if half is None:
        return _below(text, 24)
    if not 1 <= int(text) <= 12:
        raise ValueError(text)
    return int(text) % 12 + (12 if half.lower() == "pm" else 0)


def _below(text: str | None, limit: int) -> int:
    number = int(text or 0)
    if number >= limit:
        raise ValueError(text)
    return number


def _bounded(seconds: float) -> float:
    if not EARLIEST <= seconds < LATEST + DAY_SECONDS:
        raise ValueError(seconds)
    return seconds


def iso(seconds: float) -> str:
    """Return ISO 8601 in UTC, to the microsecond; a date alone at midnight."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds))
    return f"{moment.date()}" if not seconds % DAY_SECONDS else moment.isoformat().replace("+00:00", "Z")
