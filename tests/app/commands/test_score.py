"""`slipway score`: predictions for files, equal to those of the service."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest

from app.__main__ import main
from app.bundle import store
from app.models.model import Model
from app.settings import Settings
from tests import bundles, explanations
from tests.server import running


def table(n_rows: int, seed: int = 0) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    income = [None if share < 0.1 else round(float(3000 * share), 2) for share in draw.random(n_rows)]
    return pl.DataFrame(
        {
            "ignored": draw.integers(0, 9, n_rows),
            "age": draw.integers(18, 70, n_rows),
            "income": income,
            "home": draw.choice(["rent", "owner", "other", "castle"], n_rows),
            "job title": [None if share < 0.2 else "clerk" for share in draw.random(n_rows)],
        }
    )


def score(models: Path, source: Path, target: Path, model: str = "credit") -> int:
    return main(["score", str(source), "-o", str(target), "--model", model, "--models", str(models)])


def over_http(client: httpx.Client, frame: pl.DataFrame, path: str = "/predict") -> list[dict[str, Any]]:
    instances = frame.drop("ignored").to_dicts()
    predictions: list[dict[str, Any]] = client.post(path, json={"instances": instances}).json()["predictions"]
    return predictions


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_thousand_rows_scored_offline_equal_the_same_rows_over_http(
    models: Path, client: httpx.Client, tmp_path: Path, ending: str
) -> None:
    frame = table(1000)
    source, target = tmp_path / f"in.{ending}", tmp_path / f"out.{ending}"
    frame.write_csv(source) if ending == "csv" else frame.write_parquet(source)
    assert score(models, source, target) == 0
    scored = pl.read_csv(target) if ending == "csv" else pl.read_parquet(target)
    assert scored.columns == ["row_id", "prediction", "p_good", "p_bad"]
    assert scored["row_id"].to_list() == list(range(1000))
    for row, prediction in zip(scored.iter_rows(named=True), over_http(client, frame), strict=True):
        assert row["prediction"] == prediction["label"]
        assert row["p_bad"] == pytest.approx(prediction["probabilities"]["bad"], abs=1e-9)


def test_a_regression_has_only_its_value(tmp_path: Path) -> None:
    bundles.publish(tmp_path / "models", "price", "regression")
    frame = table(50)
    frame.write_csv(tmp_path / "in.csv")
    assert score(tmp_path / "models", tmp_path / "in.csv", tmp_path / "out.csv", "price") == 0
    scored = pl.read_csv(tmp_path / "out.csv")
    assert scored.columns == ["row_id", "prediction"]
    with running(Settings(models_dir=tmp_path / "models")) as client:
        values = [prediction["value"] for prediction in over_http(client, frame)]
    assert scored["prediction"].to_list() == pytest.approx(values, abs=1e-9)


def test_a_refused_row_keeps_its_place_and_is_reported(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("age,home\n30,rent\nthirty,rent\n40,\n200,rent\n50,owner\n")
    assert score(models, tmp_path / "in.csv", tmp_path / "out.csv") == 1
    scored = pl.read_csv(tmp_path / "out.csv")
    assert [value is None for value in scored["prediction"]] == [False, True, True, True, False]
    assert [value is None for value in scored["p_bad"]] == [False, True, True, True, False]
    output = capsys.readouterr().err
    assert 'row 1, age: must be a number, received "thirty"' in output
    assert "row 2, home: must be a string, received null" in output
    assert "row 3, age: must be at most 130, received 200" in output


def test_ignored_and_missing_columns_are_reported(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("age,home,colour\n30,rent,red\n")
    assert score(models, tmp_path / "in.csv", tmp_path / "out.csv") == 0
    output = capsys.readouterr().err
    assert "not known to the model, ignored: colour" in output
    assert "not in the file, read as missing values: income, job title" in output


@pytest.mark.parametrize(
    ("source", "output", "model", "message"),
    [
        ("age,home\n30,rent\n", "out.csv", "nope", "there is no model 'nope' in"),
        ("age,home\n30,rent\n", "out.csv", "../credit", "there is no model '../credit' in"),
        ("age,home\n30,rent\n", "out.csv", "credit:9", "has no version '9', found 1"),
        ("age,home\n30,rent\n", "out.xls", "credit", "must end in .csv or .parquet"),
        ("age\n30\n", "out.csv", "credit", "columns that the model needs are missing: home"),
        ("", "out.csv", "credit", "the file is empty"),
        (None, "out.csv", "credit", "there is no such file"),
        ("age,home\n30,rent\n31\n", "out.csv", "credit", "must have 2 cells"),
    ],
)
def test_an_error_is_reported_and_nothing_is_written(
    models: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    source: str | None,
    output: str,
    model: str,
    message: str,
) -> None:
    if source is not None:
        (tmp_path / "in.csv").write_text(source)
    assert score(models, tmp_path / "in.csv", tmp_path / output, model) == 2
    assert message in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} <= {"in.csv"}


def test_a_full_disk_is_reported_and_the_former_output_stays(models: Path, tmp_path: Path) -> None:
    table(5000).write_csv(tmp_path / "in.csv")
    (tmp_path / "out.csv").write_text("former")
    command = [sys.executable, "-m", "app", "score", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv")]
    run = subprocess.run(
        [*command, "--model", "credit", "--models", str(models)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert run.returncode == 2, run.stderr
    assert "Traceback" not in run.stderr
    assert (tmp_path / "out.csv").read_text() == "former"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv"}


def test_memory_does_not_grow_with_the_file(models: Path, tmp_path: Path) -> None:
    """Peak memory of a file ten times as long is at most a fifth more."""
    peaks = []
    for n_rows in (20_000, 200_000):
        table(n_rows).write_csv(tmp_path / "in.csv")
        code = (
            "import sys, resource; from app.__main__ import main; code = main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
        )
        arguments = ["score", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--model", "credit"]
        command = [sys.executable, "-c", code, *arguments, "--models", str(models)]
        peaks.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] < 1.2 * peaks[0], peaks


def test_the_variant_of_the_configured_precision_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variant = bundles.graph("binary", rounded=True)
    bundles.publish(tmp_path, variants={"int8": variant})
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    pl.DataFrame(bundles.ROWS).write_csv(source)
    monkeypatch.setenv("SLIPWAY_PRECISION", "int8")
    assert score(tmp_path, source, target) == 0
    normalization = store.read(tmp_path, "credit", 1).normalization
    expected = bundles.answers(variant, normalization, "binary", bundles.ROWS)[:, 1]
    assert pl.read_csv(target)["p_bad"].to_list() == expected.tolist()


@pytest.mark.parametrize("model", ["credit", "credit:1"])
def test_a_precision_that_was_not_published_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    bundles.publish(tmp_path)
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    pl.DataFrame(bundles.ROWS).write_csv(source)
    monkeypatch.setenv("SLIPWAY_PRECISION", "fp16")
    assert score(tmp_path, source, target, model) == 2
    assert "it has no fp16 variant (SLIPWAY_PRECISION), it was published in fp32" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_explained_rows_have_a_column_per_feature_and_refused_rows_are_empty(tmp_path: Path, ending: str) -> None:
    explanations.publish(tmp_path)
    source, target = tmp_path / "in.csv", tmp_path / f"out.{ending}"
    rows = [bundles.ROWS[0], {**bundles.ROWS[0], "age": 999.0}, bundles.ROWS[2]]
    pl.DataFrame(rows).write_csv(source)
    assert (
        main(["score", str(source), "-o", str(target), "--model", "credit", "--models", str(tmp_path), "--explain"])
        == 1
    )
    scored = pl.read_csv(target) if ending == "csv" else pl.read_parquet(target)
    explanation = [f"explanation_{part}" for part in ("label", "score", "baseline", "gap")]
    columns = [*explanation, *(f"contribution_{feature.name}" for feature in bundles.FEATURES)]
    assert scored.columns == ["row_id", "prediction", "p_good", "p_bad", *columns]
    assert scored.row(1) == (1, *[None] * (len(scored.columns) - 1))
    model = Model(store.read(tmp_path, "credit", 1), Settings(models_dir=tmp_path))
    expected = model.explain([model.schema.check([rows[0], rows[2]])])
    contributions = scored.select(columns[4:]).to_numpy()[[0, 2]]
    np.testing.assert_allclose(contributions, expected.contributions, rtol=1e-6)
    assert scored["explanation_label"].to_list() == ["bad", None, "bad"]


def test_a_model_without_an_explanation_writes_nothing(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    table(3).write_csv(source)
    arguments = ["score", str(source), "-o", str(target), "--model", "credit", "--models", str(models), "--explain"]
    assert main(arguments) == 2
    assert "credit:1 was published without an explanation" in capsys.readouterr().err
    assert not target.exists()
