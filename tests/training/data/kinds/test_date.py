"""Columns of dates as files hold them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.bundle.tables.reader import open_table
from app.bundle.transforms.date import DateFeature
from training.config import Config
from training.data.cleaning import clean
from training.data.table import Table
from training.errors import InputError

N = 40
LABELS = ["good", "bad"] * (N // 2)
NOISE = np.random.default_rng(0).normal(size=N)
DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=3 * row) for row in range(N)]


def table(folder: Path, cells: Any, **settings: Any) -> Table:
    frame = pl.DataFrame({"x": cells, "n": NOISE, "y": LABELS})
    path = folder / ("data.csv" if frame.schema["x"] == pl.String else "data.parquet")
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)
    return clean(open_table(path), "y", Config.model_validate({"columns": {"x": settings}} if settings else {}))


def feature(found: Table) -> DateFeature:
    (one,) = (one for one in found.features if isinstance(one, DateFeature))
    return one


@pytest.mark.parametrize(
    ("form", "order"),
    [("%Y-%m-%d", "ymd"), ("%d/%m/%Y", "dmy"), ("%m/%d/%Y", "mdy"), ("%d.%m.%y", "dmy"), ("%Y-%m-%dT%H:%MZ", "ymd")],
)
def test_text_is_read_in_the_order_that_the_whole_column_allows(tmp_path: Path, form: str, order: str) -> None:
    found = table(tmp_path, [day.strftime(form) for day in DAYS])
    assert feature(found).order == order
    assert found.columns["x"] == [f"{day.date()}" for day in DAYS]
    assert found.findings == ()


@pytest.mark.parametrize(("suffix", "order"), [("", "dmy"), (" 1:00 PM", "mdy")])
def test_an_order_that_no_cell_tells_is_told(tmp_path: Path, suffix: str, order: str) -> None:
    cells = [f"{row % 12 + 1:02d}/{row % 7 + 1:02d}/2024{suffix}" for row in range(N)]
    found = table(tmp_path, cells)
    assert feature(found).order == order
    assert found.findings[0].problem.startswith("dates that could have the day or the month first")
    other = table(tmp_path, cells, date_order="mdy" if order == "dmy" else "dmy")
    assert other.findings == ()
    assert other.columns["x"] != found.columns["x"]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_file_s_own_types_are_dates_in_utc(tmp_path: Path, zone: str | None) -> None:
    moments = pl.Series(DAYS).dt.convert_time_zone(zone) if zone else pl.Series(DAYS).dt.replace_time_zone(None)
    found = table(tmp_path, moments)
    assert found.columns["x"] == [f"{day.date()}" for day in DAYS]
    assert table(tmp_path, pl.Series(DAYS).cast(pl.Date)).columns["x"] == found.columns["x"]


def test_declared_numbers_are_seconds_since_1970(tmp_path: Path) -> None:
    found = table(tmp_path, [day.timestamp() for day in DAYS], kind="date")
    assert feature(found).order == "unix"
    assert found.columns["x"] == [f"{day.date()}" for day in DAYS]


def test_gaps_make_a_date_nullable_and_stray_cells_are_told(tmp_path: Path) -> None:
    found = table(tmp_path, ["NA", None, "2024-02-31", *(f"{day.date()}" for day in DAYS[3:])])
    assert feature(found).nullable
    assert found.columns["x"][:3] == [None] * 3
    assert found.findings[0].problem == "cells that are not dates, such as '2024-02-31'"


def test_a_stray_cell_of_a_declared_date_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"column 'x', row 2 .*: a date \(ymd\) is needed, received '2024-02-31'"):
        table(tmp_path, [*(f"{day.date()}" for day in DAYS[:2]), "2024-02-31", *["2024-01-01"] * (N - 3)], kind="date")


def test_text_that_was_said_to_be_missing_is_missing_at_serving_too(tmp_path: Path) -> None:
    found = table(tmp_path, ["0000-00-00", *(f"{day.date()}" for day in DAYS[1:])], missing_values=["0000-00-00"])
    assert feature(found).missing_values == ("0000-00-00",)
    assert found.columns["x"][0] is None
