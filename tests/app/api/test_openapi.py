import json
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import validate

from app.codecs.negotiation import CODECS
from app.settings import Settings
from openapi.generate import document
from tests.server import running

COMMITTED = Path(__file__).parents[3] / "openapi" / "openapi.json"


def test_the_committed_document_is_the_shipped_bundles_own() -> None:
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == document(), "run `make openapi`"


def test_the_committed_document_is_valid() -> None:
    validate(json.loads(COMMITTED.read_text(encoding="utf-8")))


def test_the_document_of_several_models_is_valid_and_names_each(many: httpx.Client) -> None:
    content = many.get("/openapi.json").json()
    validate(content)
    for name in ("colour", "credit", "price"):
        assert f"/models/{name}/predict" in content["paths"]
        assert f"/models/{name}/versions/1/predict" in content["paths"]
    assert "choose a model" in content["paths"]["/predict"]["post"]["description"]


def test_the_document_before_any_model_is_valid(tmp_path: Path) -> None:
    with running(Settings(models_dir=tmp_path)) as client:
        content = client.get("/openapi.json").json()
    validate(content)
    assert "no bundle was found" in content["paths"]["/predict"]["post"]["description"]


def test_features_have_their_types_rules_and_descriptions(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"][0]
    instance = schema["properties"]["instances"]["items"]
    assert instance["required"] == ["age", "home"]
    assert instance["additionalProperties"] is False
    age = instance["properties"]["age"]
    assert (age["type"], age["minimum"], age["maximum"]) == ("number", 0, 130)
    assert age["description"] == "Years. Training range: 18 to 70."
    assert {"type": "null"} in instance["properties"]["income"]["anyOf"]


def test_the_examples_are_accepted(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    answers = [
        client.post("/predict", json=form["example"]).json()
        for form in operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    ]
    assert answers[0]["predictions"]
    assert answers[0] == answers[1]


def test_every_wire_format_is_listed_for_requests_and_answers(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    known = [codec.media_type for codec in CODECS]
    assert list(operation["requestBody"]["content"]) == known
    assert list(operation["responses"]["200"]["content"]) == known


@pytest.mark.parametrize("status", ["400", "404", "406", "413", "415", "422", "500", "503"])
def test_every_error_of_a_prediction_is_documented_as_a_problem(client: httpx.Client, status: str) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
