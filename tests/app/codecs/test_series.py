"""Series in every format of a request, and in a file that is scored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest

from app.__main__ import main
from app.bundle.transforms.series import SeriesFeature
from app.settings import Settings
from loadtest.rows import Requests, describe
from tests import kind_bundles
from tests.app.codecs import forms
from tests.server import running

FEATURES = (
    SeriesFeature(name="ecg", nullable=True, example=[1.0, 2.0]),
    SeriesFeature(name="pulse", nullable=False, example=[60.0]),
)
COLUMNS: dict[str, Any] = {
    "ecg": [[0.5, 1.5, 2.5], None, [0.25] * 4],
    "pulse": [[60.0, 70.0], [65.0], [80.0, 81.0, 82.0, 83.0]],
}
ROWS = [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*COLUMNS.values(), strict=True)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("series")
    kind_bundles.publish(folder, FEATURES, COLUMNS)
    return folder


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[httpx.Client]:
    with running(Settings(models_dir=models)) as client:
        yield client


def post(client: httpx.Client, kind: str, body: bytes) -> httpx.Response:
    return client.post("/predict", content=body, headers={"Content-Type": kind})


def as_text(by: str, cell: Any) -> str | None:
    return None if cell is None else by.join(map(str, cell))


def answers(response: httpx.Response) -> list[float]:
    assert response.status_code == 200, response.text
    return [one["probability"] for one in response.json()["predictions"]]


@pytest.mark.parametrize("form", ["columns", "csv", "text", "arrow", "arrow of float32"])
def test_a_series_means_the_same_in_every_format(client: httpx.Client, form: str) -> None:
    expected = answers(post(client, "application/json", forms.rows(ROWS)))
    if form == "text":
        kind, body = "application/json", forms.rows([{n: as_text(",", c) for n, c in row.items()} for row in ROWS])
    elif form == "csv":
        kind, body = "text/csv", forms.as_csv([{n: as_text(" ", c) for n, c in row.items()} for row in ROWS])
    elif form == "columns":
        kind, body = "application/json", forms.columns(ROWS)
    else:
        inner = pa.float64() if form == "arrow" else pa.float32()
        columns = {name: pa.array(cells, pa.list_(inner)) for name, cells in COLUMNS.items()}
        kind, body = forms.ARROW, forms.stream(pa.RecordBatch.from_pydict(columns))
    assert answers(post(client, kind, body)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("cell", ["1 2 x", [], [1, "2"], [1, None], 5, True, {"0": 1}])
def test_what_is_no_series_is_refused_by_row_feature_and_rule(client: httpx.Client, cell: Any) -> None:
    response = post(client, "application/json", forms.rows([ROWS[0], {**ROWS[1], "pulse": cell}]))
    assert response.status_code == 422
    (problem,) = response.json()["problems"]
    assert (problem["instance"], problem["feature"]) == (1, "pulse")
    assert problem["rule"].startswith("must ")


def test_lists_with_gaps_are_refused_in_arrow_too(client: httpx.Client) -> None:
    batch = pa.RecordBatch.from_pydict({"pulse": pa.array([[1.0, None]], pa.list_(pa.float64()))})
    (problem,) = post(client, forms.ARROW, forms.stream(batch)).json()["problems"]
    assert (problem["instance"], problem["feature"], problem["value"]) == (0, "pulse", "[1.0, null]")


def test_a_missing_series_is_refused_where_training_saw_none(client: httpx.Client) -> None:
    response = post(client, "application/json", forms.rows([{"ecg": [1], "pulse": None}, {"ecg": [1]}]))
    assert [one["feature"] for one in response.json()["problems"]] == ["pulse", "pulse"]


def test_a_cut_series_is_answered_with_a_warning(client: httpx.Client) -> None:
    (one,) = post(client, "application/json", forms.rows([{"pulse": [70] * 9}])).json()["predictions"]
    assert [warning["rule"] for warning in one["warnings"]] == ["series_cut"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_scored_as_its_rows_are_answered(
    models: Path, client: httpx.Client, tmp_path: Path, ending: str
) -> None:
    frame = pl.DataFrame(COLUMNS)
    source, target = tmp_path / f"in.{ending}", tmp_path / "out.csv"
    if ending == "parquet":
        frame.write_parquet(source)
    else:
        frame.select(pl.all().cast(pl.List(pl.String)).list.join(" ").fill_null("NA")).write_csv(source)
    assert main(["score", str(source), "-o", str(target), "--model", "any", "--models", str(models)]) == 0
    expected = post(client, "application/json", forms.rows(ROWS)).json()["predictions"]
    scored = pl.read_csv(target)["p_bad"].to_list()
    assert scored == pytest.approx([one["probabilities"]["bad"] for one in expected], abs=1e-6)


def test_the_api_describes_a_series_and_the_load_test_sends_good_ones(client: httpx.Client) -> None:
    requests = Requests(describe(str(client.base_url)), seed=1)
    assert answers(post(client, "application/json", requests.good(5).encode()))
    described = client.get("/openapi.json").text
    assert "Training saw 1 to 4 numbers from 60 to 83" in described
