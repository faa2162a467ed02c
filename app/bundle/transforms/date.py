"""Dates and times: seconds since 1970 in UTC, of which the graph reads the elapsed time and the calendar's cycles."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import WrapValidator

from app.bundle.features import DateFeature, DateOrder
from app.bundle.normalization import DateStatistics
from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform
from app.bundle.transforms.number import CLIP, far_bounds

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
"""Years of two digits from which on they are of the twentieth century, as POSIX has it."""

_DAY = 86_400.0
EARLIEST = datetime(1, 1, 1, tzinfo=UTC).timestamp()
LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_N_WEEKDAYS = 7


class DateTransform(Transform):
    """Raw: float64 of shape (n_rows, n_features), seconds since 1970, NaN where missing.

    Tensor: float32 of shape (n_rows, width), for each feature the elapsed time and the beginning of its year (both
    standardized), sine and cosine of the day in its year and in its month, an indicator a weekday from Monday on, sine
    and cosine of the time of day where training saw times, and whether it is missing where that may be. A missing
    date has 0 in all but the last.
    """

    kind: ClassVar[str] = "date"
    # What a cell holds is judged by the reader alone, which has one rule to tell.
    cell: ClassVar[Any] = Annotated[str | float, WrapValidator(lambda value, _: value)]

    def __init__(self, features: Sequence[DateFeature], statistics: Sequence[DateStatistics]) -> None:
        self._features = features
        self._statistics = statistics
        minimum = np.array([one.minimum for one in statistics])
        maximum = np.array([one.maximum for one in statistics])
        self._lowest, self._highest = far_bounds(minimum, maximum)
        empty = np.zeros(0)
        self._widths = [
            _calendar(empty, fitted).shape[1] + feature.nullable
            for feature, fitted in zip(features, statistics, strict=True)
        ]
        self.tensors = {self.kind: TensorType("float32", (sum(self._widths),))}

    @staticmethod
    def fit(feature: DateFeature, column: Sequence[str | float | None]) -> DateStatistics:
        """Mean, population standard deviation and range in seconds, and whether there are times other than midnight.

        Raises ValueError where no cell holds a date.
        """
        read = reader(feature)
        seconds = np.array([one for one in map(read, column) if one is not None], dtype=np.float64)
        if not seconds.size:
            raise ValueError(f"feature {feature.name!r} needs at least one date in the train split, received none")
        return DateStatistics(
            mean=float(seconds.mean()),
            standard_deviation=float(seconds.std()) or 1.0,
            minimum=float(seconds.min()),
            maximum=float(seconds.max()),
            has_times=bool((seconds % _DAY).any()),
        )

    @staticmethod
    def describe(statistics: DateStatistics) -> str:
        """The range."""
        return f"ISO 8601, UTC where no offset is given. Training range: {_known(statistics)}."

    def reader(self, index: int) -> Callable[[Any], Any] | None:
        """Seconds since 1970; None of text that stands for missing."""
        return reader(self._features[index])

    def vectorize(self, columns: Sequence[Sequence[float | None]] | NDArray[Any]) -> NDArray[np.float64]:
        """Float64 array of shape (n_rows, n_features)."""
        return np.array(np.array(columns, dtype=np.float64).T, order="C")

    def vectorize_rows(self, rows: Sequence[Sequence[float | None]]) -> NDArray[np.float64]:
        """As `vectorize`, of rows."""
        return np.array(rows, dtype=np.float64)

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """A feature after the other."""
        return {self.kind: np.repeat(np.arange(len(self._features)), self._widths)}

    def ordinary(self, raw: NDArray[np.float64]) -> bool:
        """Whether no date is missing or far outside the training range."""
        return bool(((raw >= self._lowest) & (raw <= self._highest)).all())

    def normalize(
        self,
        raw: NDArray[np.float64],
        *,
        ordinary: bool = False,  # noqa: ARG002 the calendar costs the same
    ) -> Tensors:
        """The tensor, finite for every date."""
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
        cell: Cell,  # noqa: ARG002 a date is told in one way
    ) -> Iterator[tuple[int, RowWarning]]:
        """Dates farther outside the training range than half that range's width."""
        for row, index in np.argwhere((raw < self._lowest) | (raw > self._highest)):
            name, seen = self._features[index].name, self._statistics[index]
            message = f"{iso(raw[row, index])} is far outside the training range of {name!r}, {_known(seen)}"
            yield int(row), RowWarning(name, "out_of_range", message)


def reader(feature: DateFeature) -> Callable[[Any], float | None]:
    """Turns a feature's cells into seconds since 1970, those that stand for missing into None."""

    def read(cell: Any) -> float | None:
        return None if cell is None or cell in feature.missing_values else read_date(cell, feature.order)

    return read


def read_date(cell: Any, order: DateOrder) -> float:
    """Seconds since 1970 in UTC, which is the zone of what has no offset.

    ISO 8601 is read whatever the order; raises ValueError with the rule where the cell holds no date.
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
    """As `read_date`, of text; raises ValueError and OverflowError where it is none."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, _, month, day, *time = found.groups()
    elif order in ("dmy", "mdy") and (found := _YEAR_LAST.fullmatch(text)):
        first, _, second, year, *time = found.groups()
        day, month = (first, second) if order == "dmy" else (second, first)
    else:
        raise ValueError(text)
    hour, minute, second, fraction, _, offset_hours, offset_minutes, half = time
    if hour is None and any(time):  # an offset, or am, of no time
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
    if not EARLIEST <= seconds < LATEST + _DAY:
        raise ValueError(seconds)
    return seconds


def _calendar(seconds: NDArray[np.float64], fitted: DateStatistics) -> NDArray[np.float64]:
    """Float64 array of shape (n_rows, 13, or 15 with times)."""
    days = np.floor(seconds / _DAY).astype(np.int64)
    date = days.astype("datetime64[D]")
    years, months = date.astype("datetime64[Y]"), date.astype("datetime64[M]")
    year_start, month_start = (one.astype("datetime64[D]").astype(np.int64) for one in (years, months))
    year_days = (years + np.timedelta64(1, "Y")).astype("datetime64[D]").astype(np.int64) - year_start
    month_days = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - month_start
    columns = [
        _scaled(seconds, fitted),
        _scaled(year_start * _DAY, fitted),
        *_cycle((days - year_start) / year_days),
        *_cycle((days - month_start) / month_days),
        *((days + 3) % _N_WEEKDAYS == weekday for weekday in range(_N_WEEKDAYS)),  # day 0 was a Thursday
    ]
    if fitted.has_times:
        columns += _cycle(seconds / _DAY - days)
    return np.stack(columns, axis=1, dtype=np.float64)


def _scaled(seconds: NDArray[Any], fitted: DateStatistics) -> NDArray[np.float64]:
    return np.clip((seconds - fitted.mean) / fitted.standard_deviation, -CLIP, CLIP)


def _cycle(share: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    angle = 2 * np.pi * share
    return [np.sin(angle), np.cos(angle)]


def _known(statistics: DateStatistics) -> str:
    return f"{iso(statistics.minimum)} to {iso(statistics.maximum)}"


def iso(seconds: float) -> str:
    """ISO 8601 in UTC, a date where it is midnight, to the microsecond."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds))
    return f"{moment.date()}" if not seconds % _DAY else moment.isoformat().replace("+00:00", "Z")
