"""Dates are read strictly and in UTC, and written as ISO 8601."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.texts.dates import DateOrder, iso, read_date


def seconds(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("cell", "order", "expected"),
    [
        ("2024-02-29", "ymd", (2024, 2, 29)),
        ("2024/2/9", "ymd", (2024, 2, 9)),
        ("2024-02-29T13:45:07.5Z", "ymd", (2024, 2, 29, 13, 45, 7, 500_000)),
        ("2024-02-29 13:45+05:30", "ymd", (2024, 2, 29, 8, 15)),
        ("2024-02-29T00:15:00-0030", "ymd", (2024, 2, 29, 0, 45)),
        ("3/4/2024", "dmy", (2024, 4, 3)),
        ("3/4/2024", "mdy", (2024, 3, 4)),
        ("31.12.99", "dmy", (1999, 12, 31)),
        ("12/31/24 12:05 AM", "mdy", (2024, 12, 31, 0, 5)),
        ("2024-02-29", "dmy", (2024, 2, 29)),
        (86_400, "unix", (1970, 1, 2)),
        ("1.5", "unix", (1970, 1, 1, 0, 0, 1, 500_000)),
    ],
)
def test_dates_are_read_in_their_order_and_in_utc(cell: Any, order: DateOrder, expected: tuple[int, ...]) -> None:
    assert read_date(cell, order) == pytest.approx(seconds(*expected), abs=1e-6)


@pytest.mark.parametrize(
    ("order", "cells"),
    [
        (
            "ymd",
            ["", "x", "2024-02-30", "2023-02-29", "2024-13-01", "2024-01/01", "2024-W01-1", "20240101", "3/4/2024"],
        ),
        ("ymd", ["2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01Z", "0000-01-01", "٢٠٢٤-01-01"]),
        ("ymd", [5, 5.0, True, None, [], {}]),
        ("unix", [float("nan"), float("inf"), 1e300, 10**400, True, "1e9"]),
        ("dmy", ["13/13/2024", "31/2/2024"]),
        ("mdy", ["13/12/2024", "1/1/2024 13:00 PM"]),
    ],
)
def test_what_is_no_date_is_refused_by_rule(order: DateOrder, cells: list[Any]) -> None:
    for cell in cells:
        with pytest.raises(ValueError, match="must be an ISO 8601 date"):
            read_date(cell, order)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_date_that_was_written_is_read_again(moment: datetime) -> None:
    read = read_date(moment.isoformat(), "ymd")
    assert read_date(iso(read), "ymd") == pytest.approx(read, abs=1e-4)
