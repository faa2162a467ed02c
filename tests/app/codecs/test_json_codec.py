import json
from typing import Any

import httpx
import pytest

from tests import bundles
from tests.app.codecs import forms


def post(client: httpx.Client, body: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/predict", content=content, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("count", [1, 3, 5000])
def test_columns_are_answered_as_rows_are(client: httpx.Client, count: int) -> None:
    rows = (bundles.ROWS * 2000)[:count]
    found, expected = (post(client, body).json() for body in (forms.columns(rows), forms.rows(rows)))
    assert len(found["predictions"]) == count
    for prediction, other in zip(found["predictions"], expected["predictions"], strict=True):
        assert prediction["probability"] == pytest.approx(other["probability"], abs=1e-6)


def test_warnings_show_the_value_sent(client: httpx.Client) -> None:
    rows = [*bundles.ROWS, {**bundles.ROWS[0], "home": "castle", "income": 1e6}]
    assert post(client, forms.columns(rows)).json() == post(client, forms.rows(rows)).json()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"columns": 1}, (None, None, "must be an object of lists", "1")),
        ({"columns": {}}, (None, None, "must hold at least one instance", "[]")),
        ({"columns": {"age": [], "home": []}}, (None, None, "must hold at least one instance", "[]")),
        ({"columns": {"age": 1, "home": ["x"]}}, (None, "age", "must be a list of values", "1")),
        ({"columns": {"age": [1, 2], "home": ["x"]}}, (None, "home", "must have 2 values, as the longest has", "1")),
        ({"columns": {"age": [1]}, "x": 2}, (None, "x", "is unknown; a request holds only `columns`", "2")),
        ({"columns": {"age": [1, "x"], "home": ["a", "b"]}}, (1, "age", "must be a number", '"x"')),
        ({"columns": {"age": [1, True], "home": ["a", "b"]}}, (1, "age", "must be a number", "true")),
        ({"columns": {"age": [1, 2], "home": ["a", None]}}, (1, "home", "must be a string", "null")),
        ({"columns": {"age": [1], "home": ["a"], "zz": [1]}}, (0, "zz", "is unknown to the model", "1")),
        ({"columns": {"age": [1]}}, (0, "home", "is required", None)),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told(client: httpx.Client, body: Any, problem: tuple[Any, ...]) -> None:
    response = post(client, body)
    assert response.status_code == 422
    (found,) = response.json()["problems"]
    assert tuple(found.values()) == problem


@pytest.mark.parametrize(
    "body", [b'{"columns": {"age": [1], "age": [1], "home": ["a"]}}', b'{"columns": {"age": [1}', b'{"columns": {}} x']
)
def test_what_is_not_strict_json_is_malformed(client: httpx.Client, body: bytes) -> None:
    assert post(client, body).json()["code"] == "malformed_body"


def test_columns_with_colons_in_their_texts_are_read(client: httpx.Client) -> None:
    rows = [{**bundles.ROWS[0], "home": "a:b"}]
    assert post(client, forms.columns(rows)).json() == post(client, forms.rows(rows)).json()


def test_very_many_bad_rows_are_not_all_judged(client: httpx.Client) -> None:
    content = post(client, {"columns": {"age": [-1] * 100_000}}).json()
    assert len(content["problems"]) == 10
    assert content["total"] == 2048
