"""The whole road on the embedded data, by the commands that a user types: fit, serve, ask, score."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from app.bundle import store
from tests.server import spawned, wait_until

DATA = Path(__file__).parents[2] / "data" / "credit_scoring" / "data.csv"

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with one version, fitted for a few epochs."""
    folder = tmp_path_factory.mktemp("road")
    options = ["--positive", "bad", "--name", "credit_scoring", "--epochs", "3", "--work-dir", str(folder / "runs")]
    command = ["-m", "training", "fit", str(DATA), "--target", "status", "--models", str(folder / "models"), *options]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for shown in ("epoch", "parity: 0 label flips", "roc_auc", "exact duplicates", "Published"):
        assert shown in done.stdout
    assert done.stderr == ""
    return folder / "models"


def test_the_bundle_is_whole_and_proven(trained: Path) -> None:
    manifest = store.verify(trained, "credit_scoring", 1).manifest
    assert manifest.labels == ("good", "bad")
    assert manifest.parity.label_flips == 0
    assert manifest.parity.largest_difference < 1e-5
    assert manifest.metrics["test"]["roc_auc"] > 0.8
    assert "report/report.html" in manifest.files


def test_the_printed_curl_line_answers_with_a_label_and_a_probability(trained: Path) -> None:
    with spawned(trained) as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        assert process.stdout is not None
        curl = next(line for line in process.stdout if line.startswith("curl "))
        answer = subprocess.run(["sh", "-c", f"{curl.strip()} --silent"], check=True, capture_output=True).stdout
        (prediction,) = json.loads(answer)["predictions"]
        assert prediction["label"] in ("good", "bad")
        assert 0.5 <= prediction["probability"] <= 1


def test_a_thousand_rows_of_the_file_are_scored_as_they_are_answered(trained: Path, tmp_path: Path) -> None:
    table = pl.read_csv(DATA, n_rows=1000, null_values="", infer_schema_length=None)
    table.write_csv(tmp_path / "rows.csv")
    command = ["-m", "app", "score", str(tmp_path / "rows.csv"), "-o", str(tmp_path / "out.csv")]
    subprocess.run(
        [sys.executable, *command, "--model", "credit_scoring", "--models", str(trained)],
        check=True,
        capture_output=True,
    )
    scored = pl.read_csv(tmp_path / "out.csv")
    with spawned(trained) as (_, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        answer = client.post("/predict", json={"instances": table.drop("status").to_dicts()}).json()
    for row, prediction in zip(scored.iter_rows(named=True), answer["predictions"], strict=True):
        assert row["prediction"] == prediction["label"]
        assert row["p_bad"] == pytest.approx(prediction["probabilities"]["bad"], abs=1e-6)
