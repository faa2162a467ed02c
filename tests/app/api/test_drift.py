"""Drift as a client sees it in /models/{name}/drift and in /metrics: that of the rows that were served."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.bundle.manifest import Task
from app.settings import Settings
from tests import bundles
from tests.app.drift import samples
from tests.server import running

LITTLE, MUCH = 0.1, 0.25


def serve(client: httpx.Client, rows: samples.Rows, size: int = 100, model: str = "credit") -> None:
    for body in samples.in_requests(rows, size):
        assert client.post(f"/models/{model}/predict", json=body).status_code == 200


def gauges(client: httpx.Client) -> dict[tuple[str, ...], float]:
    return {
        (
            sample.name.removeprefix("slipway_drift_"),
            *(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name.startswith("slipway_drift_")
    }


def indices(told: dict[str, Any]) -> dict[str, float]:
    return {feature["name"]: feature["psi"] for feature in told["features"]}


@pytest.mark.parametrize("fast_lane", [True, False])
def test_a_drifted_sample_shows_in_the_features_that_drifted_and_in_no_other(tmp_path: Path, fast_lane: bool) -> None:
    samples.publish(tmp_path)
    with running(Settings(models_dir=tmp_path, fast_lane=fast_lane)) as client:
        serve(client, samples.population(1000, 5, samples.make_older))
        told, found = client.get("/models/credit/drift").json(), gauges(client)
    assert (told["model"], told["status"]) == ({"name": "credit", "version": 1}, "measured")
    assert told["window"]["rows"] == pytest.approx(1000, rel=0.05)
    assert indices(told)["age"] > MUCH
    assert max(indices(told)[name] for name in ("income", "home", "job title")) < LITTLE
    assert told["score"]["psi"] > LITTLE
    assert found["rows", "credit"] == pytest.approx(told["window"]["rows"])
    assert found["score_psi", "credit"] == pytest.approx(told["score"]["psi"])
    for name, index in indices(told).items():
        assert found["psi", name, "credit", "value"] == pytest.approx(index)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_sample_of_the_training_population_shows_no_drift(tmp_path: Path, task: Task) -> None:
    samples.publish(tmp_path, task=task)
    with running(Settings(models_dir=tmp_path)) as client:
        serve(client, samples.population(1000, 6))
        told = client.get("/models/credit/drift").json()
    assert max(*indices(told).values(), told["score"]["psi"]) < LITTLE / 2


def lost(row: dict[str, Any]) -> None:
    row["income"] = None


def moved(row: dict[str, Any]) -> None:
    row["home"] = "castle"


def aged(row: dict[str, Any]) -> None:
    row["age"] = 120.0


@pytest.mark.parametrize(
    ("change", "feature", "rule"),
    [(lost, "income", "missing"), (moved, "home", "unseen_category"), (aged, "age", "out_of_range")],
)
def test_rates_are_shares_of_the_rows_served(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], feature: str, rule: str
) -> None:
    samples.publish(tmp_path)
    rows = samples.population(300, 7)
    for row in rows:
        row["income"] = row["income"] or 1000.0
    for row in rows[:75]:
        change(row)
    with running(Settings(models_dir=tmp_path)) as client:
        serve(client, rows, 300)
        told, found = client.get("/models/credit/drift").json(), gauges(client)
    (rates,) = [figures["rates"] for figures in told["features"] if figures["name"] == feature]
    assert rates[rule] == pytest.approx(0.25)
    assert found["rate", feature, "credit", "value", rule] == pytest.approx(0.25)


def test_columns_and_single_rows_are_counted_too(tmp_path: Path) -> None:
    samples.publish(tmp_path)
    rows = samples.population(250, 8)
    columns = {name: [row[name] for row in rows[50:]] for name in rows[0]}
    with running(Settings(models_dir=tmp_path)) as client:
        serve(client, rows[:50], 1)
        assert client.post("/predict", json={"columns": columns}).status_code == 200
        assert gauges(client)["rows", "credit"] == pytest.approx(250, rel=0.01)


def test_golden_rows_are_not_counted_however_often_health_is_asked(tmp_path: Path) -> None:
    samples.publish(tmp_path)
    with running(Settings(models_dir=tmp_path)) as client:
        for _ in range(5):
            assert client.get("/health/ready").status_code == 200
        assert gauges(client) == {("rows", "credit"): 0}
        assert client.get("/models/credit/drift").json()["status"] == "too few rows yet"


def test_a_bundle_without_a_reference_has_no_figures_and_says_so(client: httpx.Client) -> None:
    client.post("/predict", json={"instances": bundles.ROWS})
    told = client.get("/models/credit/drift").json()
    assert told == {"model": {"name": "credit", "version": 1}, "status": "the bundle has no reference"}
    assert gauges(client) == {}


def test_drift_can_be_switched_off(tmp_path: Path) -> None:
    samples.publish(tmp_path)
    with running(Settings(models_dir=tmp_path, drift=False)) as client:
        serve(client, samples.population(300, 9))
        assert client.get("/models/credit/drift").json()["status"] == "switched off (SLIPWAY_DRIFT)"
        assert gauges(client) == {}


def test_each_model_has_figures_of_its_own(tmp_path: Path) -> None:
    samples.publish(tmp_path, "credit")
    samples.publish(tmp_path, "price", "regression")
    bundles.publish(tmp_path, "colour", "multiclass")
    with running(Settings(models_dir=tmp_path)) as client:
        serve(client, samples.population(300, 10, samples.make_older), model="price")
        serve(client, samples.population(300, 10), model="colour")
        found = gauges(client)
        assert client.get("/models/nobody/drift").json()["code"] == "unknown_model"
    assert {model for labels in found for model in ("credit", "price", "colour") if model in labels} == {
        "credit",
        "price",
    }
    assert found["rows", "credit"] == 0
    assert found["psi", "age", "price", "value"] > MUCH
