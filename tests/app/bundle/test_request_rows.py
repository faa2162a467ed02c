"""Rows of a data file in the form of a request."""

from pathlib import Path

import numpy as np
import polars as pl

from app.bundle.request_rows import request_rows
from app.bundle.tables.reader import open_table
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.number import NumberFeature


def write(folder: Path, content: str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


FEATURES = (NumberFeature(name="n", nullable=True), CategoryFeature(name="c", nullable=True))


def test_rows_are_typed_as_a_request_is(tmp_path: Path) -> None:
    file = open_table(write(tmp_path, "c,n,other\nx,$5,1\n,,2\nNA,much,3\n"))
    assert request_rows(file.read(), FEATURES, file.decimal_marks) == [
        {"n": 5.0, "c": "x"},
        {"n": None, "c": None},
        {"n": "much", "c": "NA"},
    ]


def test_rows_leave_out_a_feature_that_the_file_lacks(tmp_path: Path) -> None:
    assert request_rows(open_table(write(tmp_path, "n\n1\n")).read(), FEATURES, {}) == [{"n": 1.0}]
    assert request_rows(open_table(write(tmp_path, "z\n1\n2\n")).read(), FEATURES, {}) == [{}, {}]


def test_rows_of_parquet_and_csv_are_alike(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": [1, None, 3], "c": [True, None, False]})
    frame.write_parquet(tmp_path / "data.parquet")
    frame.write_csv(tmp_path / "data.csv")
    first, second = (open_table(tmp_path / name) for name in ("data.parquet", "data.csv"))
    assert request_rows(first.read(), FEATURES, {}) == request_rows(second.read(), FEATURES, second.decimal_marks)
    assert np.isnan(np.array([row["n"] for row in request_rows(first.read(), FEATURES, {})], dtype=float)).sum() == 1
