"""Calibration, threshold and review band, on every road that an answer takes."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest
from pydantic import ValidationError

from app.__main__ import main
from app.bundle.calibration import Isotonic, Temperature
from app.bundle.manifest import Manifest
from app.bundle.normalization import Normalization
from app.settings import Settings
from tests import bundles
from tests.app.codecs import forms
from tests.server import running

CALIBRATION = Temperature(temperature=3.0)
BASE = bundles.answers(bundles.graph("binary"), Normalization(features=bundles.STATISTICS), "binary", bundles.ROWS)
EXPECTED = sorted(CALIBRATION.calibrator()(BASE)[:, 1].tolist())
THRESHOLD = (EXPECTED[0] + EXPECTED[1]) / 2
BAND = (EXPECTED[1] - 1e-3, EXPECTED[1] + 1e-3)


@dataclass(frozen=True, slots=True)
class Served:
    """A folder with a model that is calibrated, has another threshold, and a band that holds one of the rows."""

    models: Path
    client: httpx.Client


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "FastAPI"])
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Served]:
    models = tmp_path_factory.mktemp("decided")
    bundles.publish(models, calibration=CALIBRATION, threshold=THRESHOLD, review=BAND)
    with running(Settings(models_dir=models, fast_lane=request.param)) as client:
        yield Served(models, client)


def label(bad: float) -> str:
    return "bad" if bad >= THRESHOLD else "good"


def test_json_answers_by_the_calibration_the_threshold_and_the_band(served: Served) -> None:
    predictions = served.client.post("/predict", json={"instances": bundles.ROWS}).json()["predictions"]
    assert sorted(prediction["probabilities"]["bad"] for prediction in predictions) == pytest.approx(EXPECTED, abs=1e-6)
    for prediction in predictions:
        assert prediction["label"] == label(prediction["probabilities"]["bad"])
        assert prediction["probability"] == prediction["probabilities"][prediction["label"]]
    marked = [prediction for prediction in predictions if "review" in prediction]
    assert [prediction["review"] for prediction in marked] == [True]
    assert marked[0]["probabilities"]["bad"] == pytest.approx(EXPECTED[1], abs=1e-6)


def as_rows(columns: dict[str, list[Any]]) -> list[Any]:
    return list(zip(columns["prediction"], columns["p_bad"], columns["review"], strict=True))


def expected_rows(served: Served) -> list[tuple[str, float, bool]]:
    predictions = served.client.post("/predict", json={"instances": bundles.ROWS}).json()["predictions"]
    return [
        (prediction["label"], prediction["probabilities"]["bad"], prediction.get("review", False))
        for prediction in predictions
    ]


def test_csv_has_a_column_for_the_review(served: Served) -> None:
    headers = {"Accept": "text/csv"}
    text = served.client.post("/predict", json={"instances": bundles.ROWS}, headers=headers).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["prediction", "p_good", "p_bad", "review"]
    found = [(row["prediction"], float(row["p_bad"]), row["review"] == "true") for row in rows]
    assert found == expected_rows(served)


def test_arrow_has_a_column_of_booleans_for_the_review(served: Served) -> None:
    kind, write = forms.WRITERS["arrow"]
    headers = {"Content-Type": kind, "Accept": kind}
    content = served.client.post("/predict", content=write(bundles.ROWS), headers=headers).content
    table = pa.ipc.open_stream(content).read_all()
    assert table.schema.field("review").type == pa.bool_()
    assert as_rows(table.to_pydict()) == expected_rows(served)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_scored_file_has_the_same_labels_and_reviews(served: Served, tmp_path: Path, ending: str) -> None:
    source, target = tmp_path / "in.csv", tmp_path / f"out.{ending}"
    pl.DataFrame([*bundles.ROWS, {**bundles.ROWS[0], "age": 300.0}]).write_csv(source)
    command = ["score", str(source), "-o", str(target), "--model", "credit", "--models", str(served.models)]
    assert main(command) == 1
    scored = pl.read_csv(target) if ending == "csv" else pl.read_parquet(target)
    assert scored.columns == ["row_id", "prediction", "p_good", "p_bad", "review"]
    found = as_rows(scored.to_dict(as_series=False))
    assert found[-1] == (None, None, None)
    for (name, bad, review), (other, probability, marked) in zip(found[:-1], expected_rows(served), strict=True):
        assert (name, review) == (other, marked)
        assert bad == pytest.approx(probability, abs=1e-9)


def test_the_api_document_and_the_model_s_page_tell_the_rule(served: Served) -> None:
    described = served.client.get("/models/credit").json()
    assert (described["threshold"], described["review"]) == (THRESHOLD, list(BAND))
    assert described["calibration"] == {"method": "temperature", "temperature": 3.0}
    document = served.client.get("/openapi.json").json()
    answer = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    properties = answer["properties"]["predictions"]["items"]["properties"]
    assert f"bad where that has a probability of {THRESHOLD:g}" in properties["label"]["description"]
    assert "review" in properties


def test_a_model_without_a_band_has_no_review(client: httpx.Client) -> None:
    response = client.post("/predict", json={"instances": bundles.ROWS}, headers={"Accept": "text/csv"})
    assert response.text.splitlines()[0] == "prediction,p_good,p_bad"


@pytest.mark.parametrize(
    ("task", "decided"),
    [
        ("regression", {"threshold": 0.4}),
        ("multiclass", {"review": (0.4, 0.6)}),
        ("multiclass", {"calibration": Isotonic(predicted=(0.5,), observed=(0.5,))}),
        ("regression", {"calibration": Temperature(temperature=1.0)}),
        ("binary", {"review": (0.6, 0.4)}),
        ("binary", {"threshold": 0.0}),
    ],
)
def test_a_decision_that_the_task_has_not_is_refused(task: Any, decided: dict[str, Any]) -> None:
    content = bundles.manifest("credit", 1, task, {}).model_copy(update=decided).model_dump()
    with pytest.raises(ValidationError):
        Manifest.model_validate(content)
