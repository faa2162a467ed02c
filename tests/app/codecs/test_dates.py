"""Dates in every format of a request, and in a file that is scored."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest

from app.__main__ import main
from app.bundle.transforms.date import DateFeature
from app.settings import Settings
from loadtest.rows import Requests, describe
from tests import kind_bundles
from tests.app.codecs import forms
from tests.server import running

FEATURES = (
    DateFeature(name="born", nullable=True, order="dmy", example="1980-05-06"),
    DateFeature(name="seen", nullable=False, example="2024-02-29T13:45:00Z"),
)
COLUMNS: dict[str, Any] = {
    "born": ["1980-05-06", None, "1999-12-31"],
    "seen": ["2024-02-29T13:45:00Z", "2024-03-01T00:00:00Z", "2024-03-02T10:00:00Z"],
}
ROWS = [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*COLUMNS.values(), strict=True)]
BORN = [date(1980, 5, 6), None, date(1999, 12, 31)]
SEEN = [
    datetime(2024, 2, 29, 13, 45, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2024, 3, 2, 10, tzinfo=UTC),
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dates")
    kind_bundles.publish(folder, FEATURES, COLUMNS)
    return folder


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[httpx.Client]:
    with running(Settings(models_dir=models)) as client:
        yield client


def post(client: httpx.Client, kind: str, body: bytes) -> httpx.Response:
    return client.post("/predict", content=body, headers={"Content-Type": kind})


def answers(response: httpx.Response) -> list[float]:
    assert response.status_code == 200, response.text
    return [one["probability"] for one in response.json()["predictions"]]


def arrow(born: pa.DataType, seen: pa.DataType, moments: list[Any]) -> bytes:
    columns = {"born": pa.array(BORN, pa.date32()).cast(born), "seen": pa.array(moments, seen)}
    return forms.stream(pa.RecordBatch.from_pydict(columns))


NAIVE = [one.replace(tzinfo=None) for one in SEEN]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", forms.columns(ROWS)),
        ("application/json", forms.rows([{**ROWS[0], "born": "6/5/1980"}, *ROWS[1:]])),
        ("text/csv", forms.as_csv(ROWS)),
        ("text/csv", b"born,seen\n06.05.1980,2024-02-29 14:45+01:00\nNA,2024-03-01\n31.12.99,2024-03-02T10:00\n"),
        (forms.ARROW, arrow(pa.date32(), pa.timestamp("us", "UTC"), SEEN)),
        (forms.ARROW, arrow(pa.date64(), pa.timestamp("ns", "Europe/Berlin"), SEEN)),
        (forms.ARROW, arrow(pa.timestamp("s"), pa.timestamp("ms"), NAIVE)),
        (forms.ARROW, forms.as_arrow(ROWS)),
    ],
    ids=["columns", "day-first", "csv", "csv-otherwise", "utc", "zone", "naive", "text"],
)
def test_a_date_means_the_same_in_every_format(client: httpx.Client, kind: str, body: bytes) -> None:
    expected = answers(post(client, "application/json", forms.rows(ROWS)))
    assert answers(post(client, kind, body)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("cell", ["3/4/2024", "2024-02-30", 1_700_000_000, True, []])
def test_what_is_no_date_is_refused_by_row_feature_and_rule(client: httpx.Client, cell: Any) -> None:
    response = post(client, "application/json", forms.rows([ROWS[0], {**ROWS[1], "seen": cell}]))
    assert response.status_code == 422
    (problem,) = response.json()["problems"]
    assert (problem["instance"], problem["feature"]) == (1, "seen")
    assert problem["rule"].startswith("must be an ISO 8601 date")


def test_a_timestamp_beyond_the_calendar_is_refused(client: httpx.Client) -> None:
    batch = pa.RecordBatch.from_pydict({"seen": pa.array([10**15], pa.int64()).cast(pa.timestamp("s"))})
    (problem,) = post(client, forms.ARROW, forms.stream(batch)).json()["problems"]
    assert (problem["instance"], problem["feature"]) == (0, "seen")


def test_a_date_far_outside_training_is_answered_with_a_warning(client: httpx.Client) -> None:
    (one,) = post(client, "application/json", forms.rows([{"seen": "2034-01-01"}])).json()["predictions"]
    assert [warning["rule"] for warning in one["warnings"]] == ["out_of_range"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_scored_as_its_rows_are_answered(
    models: Path, client: httpx.Client, tmp_path: Path, ending: str
) -> None:
    source, target = tmp_path / f"in.{ending}", tmp_path / "out.csv"
    if ending == "csv":
        pl.DataFrame(COLUMNS).write_csv(source)
    else:
        pl.DataFrame({"born": BORN, "seen": SEEN}).write_parquet(source)
    assert main(["score", str(source), "-o", str(target), "--model", "any", "--models", str(models)]) == 0
    expected = post(client, "application/json", forms.rows(ROWS)).json()["predictions"]
    scored = pl.read_csv(target)["p_bad"].to_list()
    assert scored == pytest.approx([one["probabilities"]["bad"] for one in expected], abs=1e-6)


def test_the_load_test_sends_good_dates(client: httpx.Client) -> None:
    requests = Requests(describe(str(client.base_url)), seed=1)
    assert answers(post(client, "application/json", requests.good(5).encode()))
