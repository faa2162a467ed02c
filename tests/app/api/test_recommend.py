"""The endpoint: the best items for a user, each scored as /predict scores its row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from openapi_spec_validator import validate

from app.bundle import store
from app.bundle.reference import Reference
from app.bundle.score_bins import ScoreBins
from app.drift.window import Window
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests import bundles, recommender
from tests.app.api.test_predict import problem
from tests.server import running

PATH = "/models/shop/recommend"
USER = {"who": "ann", "hour": 11.5}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    models = tmp_path_factory.mktemp("shop")
    recommender.publish(models)
    bundles.publish(models, "credit")
    with running(Settings(models_dir=models)) as client:
        yield client


def ranked(client: httpx.Client, **wanted: Any) -> list[dict[str, Any]]:
    response = client.post(PATH, json={"user": USER, **wanted})
    assert response.status_code == 200, response.text
    content = response.json()
    assert content["model"] == {"name": "shop", "version": 1}
    found: list[dict[str, Any]] = content["recommendations"]
    return found


def score(client: httpx.Client, row: dict[str, Any]) -> float:
    (prediction,) = client.post("/models/shop/predict", json={"instances": [row]}).json()["predictions"]
    return float(list(prediction["probabilities"].values())[1])


def problems(client: httpx.Client, wanted: Any) -> list[tuple[Any, Any, str]]:
    found = problem(client.post(PATH, json=wanted), 422, "invalid_instances")["problems"]
    return [(listed["instance"], listed["feature"], listed["rule"]) for listed in found]


def test_all_items_are_ranked_as_predict_scores_their_rows(shop: httpx.Client) -> None:
    found = ranked(shop)
    rows = {
        item: {**USER, "what": item, "price": price, "genre": genre}
        for item, (price, genre) in recommender.ITEMS.items()
    }
    expected = {item: score(shop, row) for item, row in rows.items()}
    assert [entry["item"] for entry in found] == sorted(expected, key=lambda item: -expected[item])
    assert {entry["item"]: entry["probability"] for entry in found} == pytest.approx(expected, abs=1e-6)
    assert [entry["rank"] for entry in found] == [1, 2, 3, 4]


def test_the_top_are_the_first_of_all(shop: httpx.Client) -> None:
    assert ranked(shop, top=2) == ranked(shop)[:2]


def test_excluded_items_are_not_there(shop: httpx.Client) -> None:
    assert {entry["item"] for entry in ranked(shop, exclude=["gin", "unheard of"])} == {"tea", "rye", "jam"}
    assert ranked(shop, exclude=list(recommender.ITEMS)) == []
    assert [entry["item"] for entry in ranked(shop, items=["tea", "gin"], exclude=["gin"])] == ["tea"]


def test_items_that_are_given_are_ranked_alone_each_once(shop: httpx.Client) -> None:
    every = {entry["item"]: entry["probability"] for entry in ranked(shop)}
    found = ranked(shop, items=["tea", "jam", "tea"])
    assert {entry["item"]: entry["probability"] for entry in found} == {item: every[item] for item in ("tea", "jam")}
    assert len(found) == 2


def test_features_that_are_given_go_before_the_catalogue_s(shop: httpx.Client) -> None:
    (dear,) = ranked(shop, items=[{"what": "tea", "price": 9.0}])
    assert dear["probability"] == pytest.approx(
        score(shop, {**USER, "what": "tea", "price": 9.0, "genre": "drink"}), abs=1e-6
    )
    for entry in ranked(shop, user={**USER, "price": 2.5}):
        row = {**USER, "what": entry["item"], "price": 2.5, "genre": recommender.ITEMS[entry["item"]][1]}
        assert entry["probability"] == pytest.approx(score(shop, row), abs=1e-6)


def test_a_new_item_needs_its_features_and_is_warned_of(shop: httpx.Client) -> None:
    (entry,) = ranked(shop, items=[{"what": "ale", "price": 2.0}])
    assert [warning["rule"] for warning in entry["warnings"]] == ["unseen_item"]
    assert problems(shop, {"user": USER, "items": ["tea", "ale"]}) == [(1, "price", "is required")]


def test_a_new_user_is_warned_of_once(shop: httpx.Client) -> None:
    content = shop.post(PATH, json={"user": {**USER, "who": "eve"}}).json()
    assert [warning["rule"] for warning in content["warnings"]] == ["unseen_user"]
    assert not any("warnings" in entry for entry in content["recommendations"])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"user": {"who": "ann"}}, [(None, "hour", "is required")]),
        ({"user": {**USER, "hour": 25}}, [(None, "hour", "must be at most 24")]),
        ({"user": {**USER, "hourr": 1}}, [(None, "hourr", "is unknown to the model; did you mean 'hour'?")]),
        ({"user": {**USER, "what": "tea"}}, [(None, "what", "belongs in `items`")]),
        ({"user": USER, "top": 0}, [(None, "top", "must be from 1 to 1000")]),
        ({"user": USER, "top": "1"}, [(None, "top", "must be a whole number")]),
        ({"user": USER, "items": []}, [(None, "items", "must hold at least one item")]),
        ({"user": USER, "items": ["tea", 3]}, [(1, "what", "must be an item's id, or an object with it in 'what'")]),
        ({"user": USER, "items": [{"what": "tea", "price": "x"}]}, [(0, "price", "must be a number")]),
        ({"user": USER, "exclude": "tea"}, [(None, "exclude", "must be a list")]),
        (
            {"users": USER},
            [(None, "users", "is unknown; a request holds only `user`, `top`, `items` and `exclude`")],
        ),
        ([], [(None, None, "must be an object")]),
    ],
)
def test_a_rule_that_is_broken_is_told(shop: httpx.Client, wanted: Any, expected: Any) -> None:
    assert problems(shop, wanted) == expected


def test_a_body_is_json(shop: httpx.Client) -> None:
    problem(shop.post(PATH, content=b"{", headers={"Content-Type": "application/json"}), 400, "malformed_body")
    problem(shop.post(PATH, content=b"who", headers={"Content-Type": "text/csv"}), 415, "unsupported_media_type")


def test_a_model_without_items_ranks_nothing(shop: httpx.Client) -> None:
    problem(shop.post("/models/credit/recommend", json={"user": {}}), 404, "nothing_to_rank")
    problem(shop.post("/models/none/recommend", json={"user": {}}), 404, "unknown_model")


def test_without_a_catalogue_items_must_be_given(tmp_path: Path) -> None:
    recommender.publish(tmp_path, listed=False)
    with running(Settings(models_dir=tmp_path)) as client:
        assert problems(client, {"user": USER}) == [
            (None, "items", "is required: the model has no catalogue"),
        ]
        assert [entry["item"] for entry in ranked(client, items=[{"what": "tea", "price": 1.0}])] == ["tea"]


def test_what_training_never_saw_is_refused_where_the_setting_says_so(tmp_path: Path) -> None:
    recommender.publish(tmp_path)
    with running(Settings(models_dir=tmp_path, unseen="reject")) as client:
        assert problems(client, {"user": {**USER, "who": "eve"}}) == [(None, "who", "unseen_user")]
        item = {"what": "ale", "price": 2.0}
        assert problems(client, {"user": USER, "items": ["tea", item]}) == [(1, "what", "unseen_item")]
        assert len(ranked(client)) == 4


def test_a_catalogue_beyond_a_batch_is_ranked_in_several(tmp_path: Path) -> None:
    recommender.publish(tmp_path)
    with running(Settings(models_dir=tmp_path)) as client:
        whole = ranked(client)
    with running(Settings(models_dir=tmp_path, max_batch_rows=3)) as client:
        assert [entry["item"] for entry in ranked(client)] == [entry["item"] for entry in whole]


def test_requests_are_counted_under_the_route(shop: httpx.Client) -> None:
    ranked(shop)
    assert 'route="/models/{name}/recommend"' in shop.get("/metrics").text


def test_the_document_tells_of_models_that_rank(shop: httpx.Client) -> None:
    content = shop.get("/openapi.json").json()
    validate(content)
    assert "/models/credit/recommend" not in content["paths"]
    operation = content["paths"][PATH]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["user"]["required"] == ["hour", "who"]
    assert shop.post(PATH, json=schema["example"]).status_code == 200


@pytest.mark.anyio
async def test_candidates_are_not_counted_as_served(tmp_path: Path) -> None:
    recommender.publish(tmp_path)
    bundle = store.read(tmp_path, "shop", 1)
    served = ServedModel(bundle, Settings(models_dir=tmp_path), Metrics())
    model = served.model
    scores = ScoreBins.fit(np.array(bundle.golden.expected), "binary", bundle.manifest.labels)
    reference = Reference(features={}, score=scores)
    served.window = Window(bundle.manifest, bundle.normalization, reference, model.preprocessor)
    assert model.ranker is not None
    candidates = model.ranker.candidates({"user": USER})
    assert len(await served.predict_all(candidates.batches(1024))) == 4
    assert served.window.counts().sum() == 0
    await served.predict(model.schema.check([{**USER, "what": "tea", "price": 1.0}]))
    assert served.window.counts().sum() == 1
