"""POST /predict?explain=true: what each prediction then has beside its answer, and which requests are refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests import bundles, explanations
from tests.app.api.test_predict import problem
from tests.server import running

MAX_ROWS = 40


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service with a model of each task that explains, and one, `plain`, that does not."""
    folder: Path = tmp_path_factory.mktemp("explained")
    explanations.publish(folder, "credit", "binary")
    explanations.publish(folder, "colour", "multiclass")
    explanations.publish(folder, "price", "regression")
    bundles.publish(folder, "plain")
    settings = Settings(models_dir=folder, default_model="credit", max_explained_rows=MAX_ROWS)
    with running(settings) as client:
        yield client


def ask(client: httpx.Client, query: str = "?explain=true", path: str = "/predict", rows: Any = bundles.ROWS) -> Any:
    return client.post(f"{path}{query}", json={"instances": rows})


@pytest.mark.parametrize("path", ["/predict", "/models/credit/predict", "/models/credit/versions/1/predict"])
def test_each_prediction_is_explained_and_else_as_it_was(explained: httpx.Client, path: str) -> None:
    plain = ask(explained, "").json()
    found = ask(explained, path=path).json()
    assert found["model"] == plain["model"]
    for prediction, without in zip(found["predictions"], plain["predictions"], strict=True):
        explanation = prediction.pop("explanation")
        assert prediction == without
        assert list(explanation) == ["label", "score", "baseline", "contributions", "gap"]
        assert list(explanation["contributions"]) == ["age", "income", "home", "job title"]
        added = explanation["baseline"] + sum(explanation["contributions"].values())
        assert added + explanation["gap"] == pytest.approx(explanation["score"], abs=1e-9)


@pytest.mark.parametrize(("name", "label"), [("credit", "bad"), ("colour", "blue"), ("price", None)])
def test_the_label_that_is_explained_is_told(explained: httpx.Client, name: str, label: str | None) -> None:
    (prediction, *_) = ask(explained, path=f"/models/{name}/predict").json()["predictions"]
    assert prediction["explanation"].get("label") == label


@pytest.mark.parametrize("query", ["", "?explain=false", "?other=1"])
def test_nothing_is_explained_unasked(explained: httpx.Client, query: str) -> None:
    response = ask(explained, query)
    assert response.status_code == 200
    assert all("explanation" not in prediction for prediction in response.json()["predictions"])


@pytest.mark.parametrize("query", ["?explain=1", "?explain=", "?explain=TRUE", "?explain=true&explain=false"])
def test_any_other_value_is_refused(explained: httpx.Client, query: str) -> None:
    assert "must be true or false" in problem(ask(explained, query), 422, "invalid_parameter")["detail"]


def test_a_version_without_an_explanation_refuses(explained: httpx.Client) -> None:
    refused = problem(ask(explained, path="/models/plain/predict"), 422, "not_explainable")
    assert refused["detail"] == "plain:1 was published without an explanation"


def test_more_rows_than_the_setting_allows_are_refused(explained: httpx.Client) -> None:
    rows = [bundles.ROWS[0]] * MAX_ROWS
    assert len(ask(explained, rows=rows).json()["predictions"]) == MAX_ROWS
    assert "at most 40 instances" in problem(ask(explained, rows=[*rows, rows[0]]), 413, "body_too_large")["detail"]


def test_a_broken_rule_is_told_as_without(explained: httpx.Client) -> None:
    problem(ask(explained, rows=[{**bundles.ROWS[0], "age": -1}]), 422, "invalid_instances")


def test_rows_of_csv_are_explained_in_json(explained: httpx.Client) -> None:
    body = "age,income,home,job title\n30,900,rent,clerk\n"
    response = explained.post("/predict?explain=true", content=body, headers={"Content-Type": "text/csv"})
    assert response.json()["predictions"] == ask(explained, rows=bundles.ROWS[:1]).json()["predictions"]


def test_other_formats_are_refused(explained: httpx.Client) -> None:
    body = json.dumps({"instances": bundles.ROWS})
    as_csv = {"Content-Type": "application/json", "Accept": "text/csv"}
    problem(explained.post("/predict?explain=true", content=body, headers=as_csv), 406, "not_acceptable")
    arrow = {"Content-Type": "application/vnd.apache.arrow.stream"}
    problem(explained.post("/predict?explain=true", content=b"", headers=arrow), 415, "unsupported_media_type")


def test_the_document_tells_of_the_parameter_and_the_answer(explained: httpx.Client) -> None:
    paths = explained.get("/openapi.json").json()["paths"]
    for path in ("/predict", "/models/credit/predict", "/models/credit/versions/1/predict"):
        operation = paths[path]["post"]
        assert [parameter["name"] for parameter in operation["parameters"]] == ["explain"]
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        explanation = answer["properties"]["predictions"]["items"]["properties"]["explanation"]
        assert list(explanation["properties"]["contributions"]["properties"]) == ["age", "income", "home", "job title"]
