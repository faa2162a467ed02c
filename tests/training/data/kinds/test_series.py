"""Columns of series as files hold them."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.bundle.tables.reader import open_table
from training.config import Config
from training.data.cleaning import clean
from training.data.kinds.series import EDGES
from training.data.table import Table
from training.errors import InputError

N = 40
SERIES = [[round(float(one), 3) for one in np.random.default_rng(row).normal(size=4 + row % 5)] for row in range(N)]
LABELS = ["good", "bad"] * (N // 2)


def table(folder: Path, cells: list[Any], **settings: Any) -> Table:
    """The cleaned table of the column and a number that is of no interest."""
    noise = np.random.default_rng(0).normal(size=N)
    frame = pl.DataFrame({"x": cells, "n": noise, "y": LABELS})
    path = folder / "data.csv"
    frame.write_csv(path)
    return clean(open_table(path), "y", Config.model_validate({"columns": {"x": settings}} if settings else {}))


def texts(by: str) -> list[str]:
    return [by.join(map(str, one)) for one in SERIES]


def values(found: Table) -> list[Any]:
    return [None if one is None else one.tolist() for one in found.columns["x"]]


@pytest.mark.parametrize("by", [" ", ",", ", ", ";"])
def test_text_of_numbers_is_a_series(tmp_path: Path, by: str) -> None:
    found = table(tmp_path, texts(by))
    assert [one.kind for one in found.features] == ["series", "number"]
    assert values(found) == SERIES
    assert found.findings == ()


def test_lists_of_a_parquet_file_are_series_and_no_duplicates_of_one_another(tmp_path: Path) -> None:
    pl.DataFrame({"x": SERIES, "y": LABELS}).write_parquet(tmp_path / "data.parquet")
    found = clean(open_table(tmp_path / "data.parquet"), "y", Config())
    assert values(found) == SERIES
    assert not found.features[0].nullable


def test_gaps_make_a_series_nullable_and_stray_cells_are_told(tmp_path: Path) -> None:
    found = table(tmp_path, [None, "NA", "oops", *texts(" ")[3:]])
    assert found.features[0].nullable
    assert values(found)[:3] == [None] * 3
    (finding,) = found.findings
    assert (finding.problem, finding.count) == ("cells that are not series, such as 'oops'", 1)


def test_a_stray_cell_of_a_declared_series_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"column 'x', row 1 .*: a series must be a list.*received 'oops'"):
        table(tmp_path, ["1 2", "oops", *texts(" ")[2:]], kind="series")


def test_text_that_was_said_to_be_missing_is_missing_at_serving_too(tmp_path: Path) -> None:
    found = table(tmp_path, ["lost", *texts(" ")[1:]], missing_values=["lost"])
    assert found.features[0].missing_values == ("lost",)
    assert values(found)[0] is None


def test_a_column_of_one_series_is_constant(tmp_path: Path) -> None:
    (finding,) = table(tmp_path, ["1 2 3 4"] * N).findings
    assert finding.problem == "constant: every cell is (1.0, 2.0, 3.0, 4.0)"


@pytest.mark.parametrize("cells", [["52.5, 13.4"] * N, ["1 2 3 x"] * N])
def test_pairs_and_words_are_no_series(tmp_path: Path, cells: list[str]) -> None:
    found = table(tmp_path, [f"{cell}{row}" for row, cell in enumerate(cells)], kind="category")
    assert found.features[0].kind == "category"
    (finding,) = table(tmp_path, [f"{cell}{row}" for row, cell in enumerate(cells)]).findings
    assert finding.problem.startswith("identifies rows")


def test_the_example_is_a_series_of_the_column(tmp_path: Path) -> None:
    assert table(tmp_path, texts(" ")).features[0].example in SERIES


def test_edges_are_cells_of_a_request(tmp_path: Path) -> None:
    from app.bundle.transforms.series import SeriesTransform, read_series

    found = table(tmp_path, texts(" "))
    fitted = SeriesTransform.fit(found.features[0], found.columns["x"])  # type: ignore[arg-type]
    lengths = [None if cell is None else len(read_series(cell)) for cell in (edge(fitted) for edge in EDGES)]
    assert lengths == [1, 16, 8, None]
