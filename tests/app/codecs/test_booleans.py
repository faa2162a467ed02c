"""Booleans in every format of a request, and in a file that is scored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest

from app.__main__ import main
from app.bundle.transforms.boolean import BooleanFeature
from app.settings import Settings
from loadtest.rows import Requests, describe
from tests import kind_bundles
from tests.app.codecs import forms
from tests.server import running

FEATURES = (
    BooleanFeature(name="paid", nullable=True, missing_values=("unknown",), example=True),
    BooleanFeature(name="new", nullable=False, example=False),
)
COLUMNS: dict[str, Any] = {"paid": [True, None, False], "new": [False, True, True]}
ROWS = [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*COLUMNS.values(), strict=True)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("booleans")
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


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", forms.columns(ROWS)),
        ("text/csv", forms.as_csv(ROWS)),
        ("text/csv", b"paid,new\nYES,0\nunknown,t\nn, TRUE\n"),
        (forms.ARROW, forms.as_arrow(ROWS)),
        (
            forms.ARROW,
            forms.stream(pa.RecordBatch.from_pydict({n: pa.array(c, pa.bool_()) for n, c in COLUMNS.items()})),
        ),
    ],
)
def test_a_boolean_means_the_same_in_every_format(client: httpx.Client, kind: str, body: bytes) -> None:
    expected = answers(post(client, "application/json", forms.rows(ROWS)))
    assert answers(post(client, kind, body)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("cell", ["true", 1, 0.0, [], "maybe"])
def test_json_takes_true_and_false_alone(client: httpx.Client, cell: Any) -> None:
    response = post(client, "application/json", forms.rows([ROWS[0], {**ROWS[1], "new": cell}]))
    assert response.status_code == 422
    (problem,) = response.json()["problems"]
    assert (problem["instance"], problem["feature"], problem["rule"]) == (1, "new", "must be true or false")


def test_csv_that_is_no_boolean_is_refused_as_it_was_sent(client: httpx.Client) -> None:
    (problem,) = post(client, "text/csv", b"new\ntrue\nMaybe\n").json()["problems"]
    assert (problem["instance"], problem["rule"], problem["value"]) == (1, "must be true or false", '"Maybe"')


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_scored_as_its_rows_are_answered(
    models: Path, client: httpx.Client, tmp_path: Path, ending: str
) -> None:
    source, target = tmp_path / f"in.{ending}", tmp_path / "out.csv"
    if ending == "csv":
        source.write_text("paid,new\nTrue,no\nunknown,yes\n0,1\n")
    else:
        pl.DataFrame(COLUMNS).write_parquet(source)
    assert main(["score", str(source), "-o", str(target), "--model", "any", "--models", str(models)]) == 0
    expected = post(client, "application/json", forms.rows(ROWS)).json()["predictions"]
    scored = pl.read_csv(target)["p_bad"].to_list()
    assert scored == pytest.approx([one["probabilities"]["bad"] for one in expected], abs=1e-6)


def test_the_load_test_sends_good_booleans(client: httpx.Client) -> None:
    requests = Requests(describe(str(client.base_url)), seed=1)
    assert answers(post(client, "application/json", requests.good(5).encode()))
