import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.bundle.normalization import Normalization
from app.settings import Settings
from tests import bundles
from tests.server import running

ROW = bundles.ROWS[0]


def post(client: httpx.Client, body: Any, path: str = "/predict") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, content=content, headers={"Content-Type": "application/json"})


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem details, after a look at the shape that all share."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = response.json()
    assert content["code"] == code
    assert content["status"] == status
    assert content["request_id"] == response.headers["x-request-id"]
    assert content["title"]
    assert content["detail"]
    assert "Traceback" not in response.text
    return content


def test_answers_are_those_of_the_graph(client: httpx.Client) -> None:
    content = post(client, {"instances": bundles.ROWS}).json()
    normalization = Normalization(features=bundles.STATISTICS)
    expected = bundles.answers(bundles.graph("binary"), normalization, "binary", bundles.ROWS)
    assert content["model"] == {"name": "credit", "version": 1}
    for prediction, (good, bad) in zip(content["predictions"], expected, strict=True):
        assert prediction["probabilities"] == pytest.approx({"good": good, "bad": bad}, abs=1e-6)
        assert prediction["label"] == ("bad" if bad >= 0.5 else "good")
        assert prediction["probability"] == prediction["probabilities"][prediction["label"]]
        assert "warnings" not in prediction


def test_multiclass_answers_have_a_probability_a_label(many: httpx.Client) -> None:
    (prediction,) = post(many, {"instances": [ROW]}, "/models/colour/predict").json()["predictions"]
    assert list(prediction["probabilities"]) == ["red", "green", "blue"]
    assert sum(prediction["probabilities"].values()) == pytest.approx(1)
    assert prediction["label"] == max(prediction["probabilities"], key=prediction["probabilities"].__getitem__)


def test_regression_answers_a_value_in_the_unit_of_the_target(many: httpx.Client) -> None:
    (prediction,) = post(many, {"instances": [ROW]}, "/models/price/predict").json()["predictions"]
    assert list(prediction) == ["value"]
    assert abs(prediction["value"] - 100) < 20 * 20


@pytest.mark.parametrize("path", ["/predict", "/models/credit/predict", "/models/credit/versions/1/predict"])
def test_every_path_answers_alike(client: httpx.Client, path: str) -> None:
    assert post(client, {"instances": [ROW]}, path).json() == post(client, {"instances": [ROW]}).json()


@pytest.mark.parametrize("version", ["2", "+1", "01", "1_0", "１", "latest"])
def test_a_version_that_is_not_loaded_is_unknown(client: httpx.Client, version: str) -> None:
    problem(post(client, {"instances": [ROW]}, f"/models/credit/versions/{version}/predict"), 404, "unknown_model")


@pytest.mark.parametrize("name", ["nope", "CREDIT", "..%2f..", "%00"])
def test_a_name_that_is_not_loaded_is_unknown(client: httpx.Client, name: str) -> None:
    problem(
        post(client, {"instances": [ROW]}, f"/models/{name}/predict"),
        404,
        "unknown_model" if "f" not in name else "not_found",
    )


def test_several_models_need_a_choice(many: httpx.Client) -> None:
    assert "colour, credit, price" in problem(post(many, {"instances": [ROW]}), 400, "model_not_chosen")["detail"]


def test_a_default_model_answers_predict(tmp_path: Path) -> None:
    bundles.publish(tmp_path, "credit")
    bundles.publish(tmp_path, "price", "regression")
    with running(Settings(models_dir=tmp_path, default_model="price")) as client:
        assert post(client, {"instances": [ROW]}).json()["model"]["name"] == "price"


NULLS: dict[str, Any] = {"age": 30, "home": "rent"}


def test_nullable_features_may_be_null_or_absent(client: httpx.Client) -> None:
    absent = post(client, {"instances": [NULLS]})
    null = post(client, {"instances": [{**NULLS, "income": None, "job title": None}]})
    assert absent.status_code == 200
    assert absent.json() == null.json()


def test_a_value_that_stands_for_missing_is_read_as_missing(client: httpx.Client) -> None:
    sentinel = post(client, {"instances": [{**NULLS, "income": -999}]})
    assert sentinel.json() == post(client, {"instances": [NULLS]}).json()


BAD_ROWS: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({"age": None}, "age", "must be a number", "null"),
    ({"age": "30"}, "age", "must be a number", '"30"'),
    ({"age": True}, "age", "must be a number", "true"),
    ({"age": [1]}, "age", "must be a number", "[1]"),
    ({"age": 10**30 * 10**300}, "age", "must be a number", None),
    ({"age": float("nan")}, "age", "must be a finite number", "NaN"),
    ({"age": float("-inf")}, "age", "must be a finite number", "-Infinity"),
    ({"age": -1}, "age", "must be at least 0", "-1"),
    ({"age": 131}, "age", "must be at most 130", "131"),
    ({"home": 4}, "home", "must be a string", "4"),
    ({"home": None}, "home", "must be a string", "null"),
    ({"hom": "rent"}, "hom", "is unknown to the model; did you mean 'home'?", '"rent"'),
    ({"zzz": "rent"}, "zzz", "is unknown to the model", '"rent"'),
]


@pytest.mark.parametrize(("change", "feature", "rule", "value"), BAD_ROWS)
def test_a_broken_rule_is_named_with_its_instance_feature_and_value(
    client: httpx.Client, change: dict[str, Any], feature: str, rule: str, value: str | None
) -> None:
    content = problem(post(client, {"instances": [ROW, {**ROW, **change}]}), 422, "invalid_instances")
    (found,) = content["problems"]
    assert (found["instance"], found["feature"], found["rule"]) == (1, feature, rule)
    if value is not None:
        assert found["value"] == value


def test_a_number_too_large_for_any_float_is_refused(client: httpx.Client) -> None:
    body = b'{"instances": [{"age": 1e400, "home": "rent"}]}'
    (found,) = problem(post(client, body), 422, "invalid_instances")["problems"]
    assert found["rule"] == "must be a finite number"


def test_a_missing_feature_is_named(client: httpx.Client) -> None:
    (found,) = problem(post(client, {"instances": [{"age": 30}]}), 422, "invalid_instances")["problems"]
    assert found == {"instance": 0, "feature": "home", "rule": "is required", "value": None}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"instances": []}, "must hold at least one instance"),
        ({}, "`instances` is required"),
        ({"instances": {}}, "must be a list of objects"),
        ({"instances": [4]}, "must be an object"),
        ([ROW], "must be an object"),
        ({"instances": [ROW], "extra": 1}, "is unknown; a request holds only `instances`"),
    ],
)
def test_a_request_of_another_form_is_refused(client: httpx.Client, body: Any, rule: str) -> None:
    content = problem(post(client, body), 422, "invalid_instances")
    assert content["problems"][0]["rule"] == rule


def test_at_most_ten_problems_are_listed_and_values_are_cut(client: httpx.Client) -> None:
    response = post(client, {"instances": [{"age": "x" * 10_000}] * 500})
    content = problem(response, 422, "invalid_instances")
    assert content["total"] == 1000
    assert len(content["problems"]) == 10
    assert len(response.content) < 3000


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b'{"instances": [', b"\xff\xfe", b"[" * 5000, b'{"instances": [], "instances": []}', b"{} {}"],
)
def test_a_body_that_is_not_one_json_value_is_malformed(client: httpx.Client, body: bytes) -> None:
    problem(post(client, body), 400, "malformed_body")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/html"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_another_content_type_or_an_encoding_is_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    response = client.post("/predict", content=b"{}", headers=headers)
    problem(response, 415, "unsupported_media_type")


def test_a_charset_of_utf_8_may_be_named(client: httpx.Client) -> None:
    headers = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    assert client.post("/predict", content=json.dumps({"instances": [ROW]}), headers=headers).status_code == 200


def test_a_body_over_the_limit_is_refused_with_or_without_a_length(models: Path) -> None:
    with running(Settings(models_dir=models, max_body_bytes=1000)) as client:
        assert "1000 bytes" in problem(post(client, b" " * 1001), 413, "body_too_large")["detail"]
        chunked = client.post(
            "/predict", content=(b" " * 100 for _ in range(20)), headers={"Content-Type": "application/json"}
        )
        problem(chunked, 413, "body_too_large")
        assert post(client, {"instances": [ROW]}).status_code == 200


def test_another_method_is_refused_in_the_same_shape(client: httpx.Client) -> None:
    assert problem(client.get("/predict"), 405, "method_not_allowed")
    assert client.get("/predict").headers["allow"] == "POST"


def test_an_unseen_category_is_accepted_and_reported(client: httpx.Client) -> None:
    first, second = post(client, {"instances": [ROW, {**ROW, "home": "castle"}]}).json()["predictions"]
    assert "warnings" not in first
    (warning,) = second["warnings"]
    assert (warning["feature"], warning["rule"]) == ("home", "unseen_category")
    assert "castle" in warning["message"]


def test_a_number_far_outside_its_training_range_is_accepted_and_reported(client: httpx.Client) -> None:
    near, far = post(client, {"instances": [{**ROW, "income": 4000}, {**ROW, "income": 1e300}]}).json()["predictions"]
    assert "warnings" not in near
    assert [(warning["feature"], warning["rule"]) for warning in far["warnings"]] == [("income", "out_of_range")]


def test_unseen_values_are_refused_where_the_setting_says_so(models: Path) -> None:
    with running(Settings(models_dir=models, unseen="reject")) as client:
        rows = [ROW, {**ROW, "home": "castle", "income": 1e300}]
        found = problem(post(client, {"instances": rows}), 422, "invalid_instances")["problems"]
        assert sorted((listed["instance"], listed["feature"], listed["rule"]) for listed in found) == [
            (1, "home", "unseen_category"),
            (1, "income", "out_of_range"),
        ]
        assert post(client, {"instances": [ROW]}).status_code == 200


def test_a_request_larger_than_a_batch_is_answered_whole_and_in_order(models: Path) -> None:
    rows = [{**ROW, "age": 20 + index % 50} for index in range(100)]
    with running(Settings(models_dir=models, max_batch_rows=7)) as client:
        together = post(client, {"instances": rows}).json()["predictions"]
        alone = [post(client, {"instances": [row]}).json()["predictions"][0] for row in rows]
    for prediction, other in zip(together, alone, strict=True):
        assert prediction["probability"] == pytest.approx(other["probability"], abs=1e-6)


def test_concurrent_callers_get_their_own_rows(client: httpx.Client) -> None:
    rows = [{**ROW, "age": 20 + index % 50} for index in range(200)]
    alone = [post(client, {"instances": [row]}).json()["predictions"][0]["probability"] for row in rows]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda row: post(client, {"instances": [row]}).json()["predictions"], rows))
    assert [prediction["probability"] for (prediction,) in together] == pytest.approx(alone, abs=1e-6)


def test_a_graph_that_answers_nan_is_a_failure_of_the_service_and_never_ready(tmp_path: Path) -> None:
    bundles.publish(tmp_path, poison=float("nan"))
    with running(Settings(models_dir=tmp_path)) as client:
        assert "not finite" in client.get("/health/ready").json()["reasons"][0]
        problem(post(client, {"instances": [ROW]}), 503, "not_ready")
