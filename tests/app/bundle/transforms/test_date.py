"""Dates: read strictly, in UTC, as elapsed time and the calendar's cycles."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.texts.dates import read_date
from app.bundle.transforms.date import DateBins, DateFeature, DateTransform

BORN = DateFeature(name="born", nullable=True, missing_values=("0000-00-00",))
SEEN = DateFeature(name="seen", nullable=False)
FITTED = DateTransform.fit(BORN, ["2023-01-01", None, "0000-00-00", "2024-01-01"])
TIMES = DateTransform.fit(SEEN, ["2023-01-01T06:00", "2024-01-01T18:00"])
BOTH = DateTransform([BORN, SEEN], [FITTED, TIMES])

moments = st.none() | st.datetimes(timezones=st.just(UTC) | st.none()).map(datetime.isoformat)


def seconds(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


def vector(transform: DateTransform, *cells: Any) -> Any:
    reader = transform.reader(0)
    assert reader is not None
    read = [None if cell is None else reader(cell) for cell in cells]
    return transform.normalize(transform.vectorize([read]))["date"]


def test_statistics_are_in_seconds_and_leave_missing_dates_out() -> None:
    assert (FITTED.minimum, FITTED.maximum) == (seconds(2023, 1, 1), seconds(2024, 1, 1))
    assert FITTED.mean == pytest.approx((FITTED.minimum + FITTED.maximum) / 2)
    assert (FITTED.has_times, TIMES.has_times) == (False, True)


def test_the_tensor_holds_elapsed_time_and_cycles() -> None:
    plain = DateTransform([SEEN], [FITTED])
    (monday,) = vector(plain, "2024-01-01")
    assert monday[:2] == pytest.approx([1, 1])
    assert monday[2:6] == pytest.approx([0, 1, 0, 1])
    assert monday[6:].tolist() == [1, 0, 0, 0, 0, 0, 0]
    (middle,) = vector(plain, "2023-07-02")
    assert middle[1:4] == pytest.approx([-1, 0, -1], abs=0.01)
    assert middle[6:].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_the_time_of_day_is_there_where_training_saw_times() -> None:
    (found,) = vector(DateTransform([SEEN], [TIMES]), "2023-05-05T06:00:00Z")
    assert found[-2:] == pytest.approx([1, 0], abs=1e-6)


def test_a_missing_date_is_zeros_and_an_indicator() -> None:
    found = vector(DateTransform([BORN], [FITTED]), None, "0000-00-00", "2023-05-05")
    assert found[:2].tolist() == [[0] * 13 + [1]] * 2
    assert found[2, -1] == 0


@given(st.lists(st.tuples(moments, moments), min_size=1, max_size=6))
def test_any_dates_give_finite_tensors_alone_as_in_a_batch(rows: list[tuple[Any, Any]]) -> None:
    read = [[None if cell is None else read_date(cell, "ymd") for cell in row] for row in rows]
    batch = BOTH.normalize(BOTH.vectorize_rows(read))["date"]
    assert batch.shape == (len(rows), *BOTH.tensors["date"].shape)
    assert np.isfinite(batch).all()
    for row, expected in zip(read, batch, strict=True):
        np.testing.assert_array_equal(BOTH.normalize(BOTH.vectorize([[cell] for cell in row]))["date"][0], expected)


def test_dates_far_outside_the_training_range_are_warned_of() -> None:
    raw = np.array([[seconds(2024, 5, 1)], [seconds(2030, 5, 1)], [np.nan]])
    transform = DateTransform([BORN], [FITTED])
    ((row, warning),) = transform.warnings(raw, lambda *_: None)
    assert (row, warning.rule) == (1, "out_of_range")
    assert warning.message == "2030-05-01 is far outside the training range of 'born', 2023-01-01 to 2024-01-01"
    assert transform.ordinary(raw[:1])
    assert not transform.ordinary(raw[1:2])
    assert not transform.ordinary(raw[2:])


DAYS = [f"2024-01-{day:02d}" for day in range(1, 31)]


def test_dates_are_counted_between_quantiles_that_people_can_read() -> None:
    statistics = DateTransform.fit(BORN, DAYS)
    column = np.array([*(read_date(day, "ymd") for day in DAYS), np.nan])
    bins = DateBins(DateBins.fit(column, statistics), statistics)
    assert [counted.label for counted in bins.bins[:3]] == [
        "below 2023-12-17T12:00:00Z",
        "less than 2024-01-04",
        "2024-01-04 to 2024-01-07",
    ]
    assert bins.count(column).tolist() == [counted.expected for counted in bins.bins]


def test_a_range_as_wide_as_the_calendar_has_bins() -> None:
    statistics = DateTransform.fit(BORN, ["0001-01-01", "9999-12-31"])
    bins = DateBins(DateBins.fit(np.array([statistics.minimum, statistics.maximum]), statistics), statistics)
    assert bins.bins[0].label == "below 0001-01-01"
    assert bins.bins[-2].label == "above 9999-12-31"
