"""A kind from outside of the tree goes through every door of the project once it stands in the three registries."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from app.bundle import store
from app.bundle.errors import BundleError
from app.bundle.manifest import Manifest
from app.bundle.transforms import TRANSFORMS
from app.commands.score import score
from app.drift.figures import MIN_ROWS
from app.settings import Settings
from tests import toy_kind
from tests.server import running
from tests.training.conftest import command, run
from training.data.kinds import KINDS

pytestmark = pytest.mark.tensorflow

N_ROWS = 240
CPU = ("CPUExecutionProvider",)
ARROW = "application/vnd.apache.arrow.stream"
ROWS: list[dict[str, Any]] = [
    {"shade": "#ff0000", "age": 30.0},
    {"shade": "#0000ff", "age": 50.0},
    {"shade": None, "age": 40.0},
]


@pytest.fixture(scope="module")
def registered() -> Iterator[None]:
    """The three registries with one line more; the kind is tried before categories, which any text is."""
    from training.network.encoders import ENCODERS  # noqa: PLC0415 tests without TensorFlow must not wait for it

    kinds = dict(KINDS)
    KINDS.clear()
    KINDS.update({toy_kind.NAME: toy_kind.KIND, **kinds})
    TRANSFORMS[toy_kind.NAME] = toy_kind.ColourTransform
    ENCODERS[toy_kind.NAME] = toy_kind.encoder()
    yield
    del ENCODERS[toy_kind.NAME], TRANSFORMS[toy_kind.NAME], KINDS[toy_kind.NAME]


@pytest.fixture(scope="module")
def models(registered: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published model that tells warm colours from cold ones; not to be changed."""
    folder = tmp_path_factory.mktemp("colours")
    random = np.random.default_rng(0)
    with (folder / "paint.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["shade", "age", "answer"])
        for red, green, blue in random.integers(0, 256, (N_ROWS, 3)).tolist():
            shade = "" if random.random() < 0.1 else f"#{red:02x}{green:02x}{blue:02x}"
            answer = "warm" if red + random.normal(0, 40) > blue else "cold"
            writer.writerow([shade, round(random.normal(40, 9), 2), answer])
    run(command(folder / "paint.csv", folder / "models", folder / "runs"))
    return folder / "models"


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[httpx.Client]:
    """A client of a service with the model."""
    with running(Settings(models_dir=models, providers=CPU)) as client:
        yield client


@pytest.fixture(scope="module")
def answers(client: httpx.Client) -> Any:
    """The predictions for ROWS, as JSON rows."""
    response = client.post("/models/paint/predict", json={"instances": ROWS})
    assert response.status_code == 200, response.text
    return response.json()["predictions"]


def manifest(models: Path) -> Manifest:
    return store.verify(models, "paint", 1).manifest


def test_the_kind_is_inferred_fitted_exported_proved_and_published(models: Path) -> None:
    found = manifest(models)
    assert [feature.kind for feature in found.features] == ["colour", "number"]
    assert isinstance(found.features[0], toy_kind.ColourFeature)
    assert found.parity.label_flips == 0
    assert found.parity.edge_rows >= 3
    assert found.explanation is not None
    assert "mean colour" in (models / "paint/1/report/report.html").read_text(encoding="utf-8")
    assert "| a colour |" in (models / "paint/1/report/model_card.md").read_text(encoding="utf-8")


def test_the_model_has_learnt_from_the_colours(answers: Any) -> None:
    warm, cold, _ = (prediction["probabilities"]["warm"] for prediction in answers)
    assert warm > cold


def test_columns_are_answered_as_rows_are(client: httpx.Client, answers: Any) -> None:
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    response = client.post("/models/paint/predict", json={"columns": columns})
    assert response.json()["predictions"] == answers


def test_csv_is_answered_as_json_is(client: httpx.Client, answers: Any) -> None:
    body = "shade,age\n#ff0000,30\n#0000ff,50\n,40\n"
    response = client.post("/models/paint/predict", content=body, headers={"Content-Type": "text/csv"})
    assert response.json()["predictions"] == answers


def test_arrow_is_answered_as_json_is(client: httpx.Client, answers: Any) -> None:
    batch = pa.RecordBatch.from_pylist(ROWS)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    body = sink.getvalue().to_pybytes()
    response = client.post("/models/paint/predict", content=body, headers={"Content-Type": ARROW})
    assert response.json()["predictions"] == answers


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"instances":[{"shade":"red","age":1}]}', "application/json"),
        (b'{"columns":{"shade":["red"],"age":[1]}}', "application/json"),
        (b"shade,age\nred,1\n", "text/csv"),
    ],
)
def test_a_cell_that_breaks_the_rule_is_refused_by_it(client: httpx.Client, body: bytes, content_type: str) -> None:
    response = client.post("/models/paint/predict", content=body, headers={"Content-Type": content_type})
    (problem,) = response.json()["problems"]
    assert (problem["feature"], problem["rule"]) == ("shade", "must be a colour such as #ff8000")


def test_the_api_s_document_describes_the_kind(client: httpx.Client) -> None:
    assert "A colour such as #ff8000." in json.dumps(client.get("/openapi.json").json())


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_are_scored_as_requests_are(models: Path, tmp_path: Path, answers: Any, ending: str) -> None:
    frame, source, target = pl.DataFrame(ROWS), tmp_path / f"rows.{ending}", tmp_path / "scored.parquet"
    frame.write_csv(source) if ending == "csv" else frame.write_parquet(source)
    assert score(Settings(models_dir=models, providers=CPU), source, target, "paint") == 0
    expected = [prediction["probabilities"]["warm"] for prediction in answers]
    np.testing.assert_allclose(pl.read_parquet(target)["p_warm"].to_numpy(), expected, atol=1e-6)


def test_an_explanation_tells_what_the_colour_adds(client: httpx.Client) -> None:
    response = client.post("/models/paint/predict?explain=true", json={"instances": ROWS[:1]})
    (prediction,) = response.json()["predictions"]
    contributions = prediction["explanation"]["contributions"]
    assert contributions.keys() == {"shade", "age"}
    assert contributions["shade"] != 0


def test_drift_of_the_colours_is_told(client: httpx.Client) -> None:
    dark = [{"shade": "#050505", "age": 40.0}] * (2 * MIN_ROWS)
    client.post("/models/paint/predict", json={"instances": dark})
    drift = client.get("/models/paint/drift").json()
    watched = {(feature["name"], feature["quantity"]): feature["psi"] for feature in drift["features"]}
    assert watched["shade", "brightness"] > 1


def test_a_bundle_of_a_kind_that_is_not_registered_is_refused_by_name(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(TRANSFORMS, toy_kind.NAME)
    with pytest.raises(BundleError, match=r"manifest.json at features.0: kind must be one of .* found 'colour'"):
        store.read(models, "paint", 1)
