import csv
import io
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from app.commands.score import score
from app.settings import Settings
from tests import bundles
from tests.app.codecs import forms

HEADER = b"age,income,home,job title\n"


def post(client: httpx.Client, body: bytes, accept: str = "application/json") -> httpx.Response:
    return client.post("/predict", content=body, headers={"Content-Type": "text/csv", "Accept": accept})


def answered(client: httpx.Client, instances: list[dict[str, Any]]) -> Any:
    return client.post("/predict", json={"instances": instances}).json()


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"30,900,rent,clerk", {"age": 30, "income": 900, "home": "rent", "job title": "clerk"}),
        (b' +3.5e1 , .5,"rent", ', {"age": 35, "income": 0.5, "home": "rent"}),
        (b"30,NaN,rent,?", {"age": 30, "home": "rent", "job title": "?"}),
        (b'30,n/a,True,a"b', {"age": 30, "home": "true", "job title": 'a"b'}),
        ('30,-,"a,b\nc",é'.encode(), {"age": 30, "home": "a,b\nc", "job title": "é"}),
    ],
)
def test_cells_are_read_by_their_feature(client: httpx.Client, line: bytes, row: dict[str, Any]) -> None:
    for end in (b"", b"\n", b"\r\n", b"\n\n"):
        assert post(client, b"\xef\xbb\xbf" + HEADER + line + end).json() == answered(client, [row])


@pytest.mark.parametrize("cell", ["x", "1_0", "inf", "0x10", "1,5", "$5", "5%", "١"])
def test_what_is_no_plain_number_is_refused_as_written(client: httpx.Client, cell: str) -> None:
    response = post(client, HEADER + f'"{cell}",1,rent,clerk'.encode())
    (found,) = response.json()["problems"]
    assert (found["instance"], found["feature"], found["rule"]) == (0, "age", "must be a number")
    assert found["value"] == f'"{cell}"'


def test_a_cell_of_very_many_digits_is_judged_in_one_pass(client: httpx.Client) -> None:
    """A pattern that looks for another way to read them would hold the event loop for minutes."""
    for exponent in (b"", b"e"):
        response = post(client, HEADER + b"1" * 100_000 + exponent + b"x,1,rent,clerk")
        assert [problem["rule"] for problem in response.json()["problems"]] == ["must be a number"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"age,age\n1,2", "'age' again"),
        (b"age,\n1,2", "column 2 has no name"),
        (b"age,home\n1,a\n1", "row 1 (counted from 0, line 3) must have 2 cells"),
        (b'age,home\n1,"a', "quote"),
        (b"age,home\n1,\xff", "byte 11"),
    ],
)
def test_what_is_no_table_is_malformed(client: httpx.Client, body: bytes, told: str) -> None:
    response = post(client, body)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")
    assert told in response.json()["detail"]


def test_a_header_alone_holds_no_instance(client: httpx.Client) -> None:
    assert post(client, HEADER).json()["problems"][0]["rule"] == "must hold at least one instance"


def test_unknown_columns_are_refused(client: httpx.Client) -> None:
    (found,) = post(client, b"age,home,hom\n1,rent,x").json()["problems"]
    assert found["rule"] == "is unknown to the model; did you mean 'home'?"


def test_the_answer_has_the_columns_that_scoring_a_file_writes(
    client: httpx.Client, models: Path, tmp_path: Path
) -> None:
    body = forms.as_csv(bundles.ROWS)
    source, target = tmp_path / "rows.csv", tmp_path / "scored.csv"
    source.write_bytes(body)
    assert score(Settings(models_dir=models), source, target, "credit") == 0
    response = post(client, body, "text/csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert pl.read_csv(response.content).equals(pl.read_csv(target).drop("row_id"))


def test_labels_are_quoted_where_needed_and_a_regression_has_one_column(many: httpx.Client) -> None:
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    response = many.post("/models/price/predict", content=forms.as_csv(bundles.ROWS), headers=headers)
    lines = list(csv.reader(io.StringIO(response.text)))
    assert lines[0] == ["prediction"]
    assert len(lines) == 4
