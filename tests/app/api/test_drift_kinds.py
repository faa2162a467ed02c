"""Drift of texts, files, series and ids, as a client sees it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.bundle import store
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests.app.api.test_drift import LITTLE, MUCH, gauges, serve
from tests.app.drift import kinds
from tests.server import running

Index = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    kinds.publish(models)
    return models


@pytest.fixture
def client(published: Path) -> Iterator[httpx.Client]:
    with running(Settings(models_dir=published)) as client:
        yield client


def told(client: httpx.Client) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = client.get("/models/any/drift").json()["features"]
    return features


def indices(client: httpx.Client) -> Index:
    return {(figures["name"], figures["quantity"]): figures["psi"] for figures in told(client)}


def test_a_fresh_sample_of_the_population_shows_no_drift_in_any_kind(client: httpx.Client) -> None:
    serve(client, kinds.rows(1000, 3), model="any")
    found = indices(client)
    assert list(found) == kinds.QUANTITIES
    assert max(found.values()) < LITTLE


@pytest.mark.parametrize(
    ("drift", "quantities"),
    [
        ({"words": (12, 40)}, {("review", "length")}),
        ({"brightness": 150.0}, {("photo", "brightness")}),
        ({"hiss": 0.3}, {("voice", "level")}),
        ({"steps": (12, 40)}, {("load", "length")}),
        ({"level": 2.0}, {("load", "mean")}),
        ({"popular": 1.5}, {("who", "rank"), ("what", "rank")}),
    ],
)
def test_a_drifted_sample_shows_in_what_drifted_and_in_nothing_else(
    client: httpx.Client, drift: dict[str, Any], quantities: set[tuple[str, str]]
) -> None:
    serve(client, kinds.rows(600, 4, **drift), model="any")
    found, shown = indices(client), gauges(client)
    assert {pair for pair, index in found.items() if index > MUCH} == quantities
    assert max(index for pair, index in found.items() if pair not in quantities) < LITTLE
    for (name, quantity), index in found.items():
        assert shown["psi", name, "any", quantity] == pytest.approx(index)


def lost(sent: dict[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(sent), "review": "n/a"}


def strange(sent: dict[str, Any]) -> dict[str, Any]:
    return sent | {"review": "好 好", "who": f"new {sent['who']}", "what": f"new {sent['what']}"}


def longer(sent: dict[str, Any]) -> dict[str, Any]:
    return sent | {"review": 40 * "good ", "load": 9 * sent["load"]}


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (lost, dict.fromkeys(kinds.QUANTITIES, "missing")),
        (
            strange,
            {
                ("review", "length"): "unseen_token",
                ("who", "rank"): "unseen_user",
                ("what", "rank"): "unseen_item",
            },
        ),
        (longer, {("review", "length"): "text_cut", ("load", "length"): "series_cut"}),
    ],
)
def test_rates_are_shares_of_the_rows_served(
    client: httpx.Client,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    rules: dict[tuple[str, str], str],
) -> None:
    sent = [row | {"who": "u0", "what": "i0"} for row in kinds.rows(400, 5)]
    serve(client, [*map(change, sent[:100]), *sent[100:]], model="any")
    shown = gauges(client)
    rates = {(figures["name"], figures["quantity"]): figures["rates"] for figures in told(client)}
    for (name, quantity), rule in rules.items():
        assert rates[name, quantity][rule] == pytest.approx(0.25, abs=0.01)
        assert shown["rate", name, "any", quantity, rule] == pytest.approx(rates[name, quantity][rule])
    others = {rule: rate for found in rates.values() for rule, rate in found.items() if rule not in rules.values()}
    assert max(others.values()) < 0.01


def test_a_half_unknown_text_is_half_unseen_and_half_of_its_length(client: httpx.Client) -> None:
    sent = kinds.rows(300, 6)
    serve(client, [{**row, "review": "good 好"} for row in sent], model="any")
    review = next(figures for figures in told(client) if figures["name"] == "review")
    assert review["rates"]["unseen_token"] == pytest.approx(0.5)
    shortest = next(share for share in review["bins"] if share["bin"].startswith("less than"))
    assert shortest["observed"] == pytest.approx(0.5)


@pytest.mark.anyio
async def test_features_that_an_older_reference_leaves_out_are_served_and_not_watched(published: Path) -> None:
    bundle = store.read(published, "any", 1)
    assert bundle.reference is not None
    older = bundle.reference.model_copy(update={"features": {}})
    served = ServedModel(replace(bundle, reference=older), Settings(models_dir=published), Metrics())
    predictions = await served.predict(served.model.schema.check(kinds.rows(5, 7)))
    assert served.window is not None
    assert (len(predictions), served.window.features, served.window.counts().sum()) == (5, [], 5)
