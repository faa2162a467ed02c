"""A table of series, dates and booleans by the commands that a user types."""

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.bundle import store
from app.commands.score import score
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests.training.conftest import command, run

pytestmark = pytest.mark.tensorflow

N = 80


def write(path: Path) -> Path:
    random = np.random.default_rng(0)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["wave", "opened", "paid", "age", "answer"])
        for row in range(N):
            wave = " ".join(f"{one:.3f}" for one in random.normal(row % 2, 1, 5 + row % 4))
            opened = f"2024-{1 + row % 12:02d}-{1 + row % 28:02d}T{row % 24:02d}:30:00"
            paid = random.choice(["true", "false"])
            cells = [wave, opened, paid, round(random.normal(40, 9), 2)]
            writer.writerow(["" if random.random() < 0.1 else cell for cell in cells] + [("no", "yes")[row % 2]])
    return path


def test_all_are_trained_proved_reported_and_served(tmp_path: Path) -> None:
    data = write(tmp_path / "mixed.csv")
    run(command(data, tmp_path / "models", tmp_path / "runs"))
    bundle = store.verify(tmp_path / "models", "mixed", 1)
    kinds = [one.kind for one in bundle.manifest.features]
    assert kinds == ["series", "date", "boolean", "number"]
    assert bundle.manifest.parity.label_flips == 0
    model = ServedModel(bundle, Settings(models_dir=tmp_path / "models"), Metrics()).model
    answers = model.predict(model.schema.check(bundle.golden.rows)).decoded
    np.testing.assert_allclose(answers, bundle.golden.expected, atol=bundle.golden.tolerance)
    report = (tmp_path / "models/mixed/1/report/report.html").read_text(encoding="utf-8")
    for shown in ("numbers a series", "times of day", ">boolean<"):
        assert shown in report


def test_rows_of_steps_are_gathered_by_their_id_in_training_and_in_scoring(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    data, config = tmp_path / "steps.csv", tmp_path / "long.toml"
    config.write_text('[long]\nid = "machine"\norder = "minute"\n', encoding="utf-8")
    with data.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["machine", "minute", "heat", "hall", "answer"])
        cases = [(f"m{row}", minute, row) for row in range(N) for minute in range(4 + row % 3)]
        for machine, minute, row in random.permutation(np.array(cases, dtype=object)).tolist():
            heat = minute * (row % 2) + random.normal(0, 0.1)
            writer.writerow([machine, minute, heat, "AB"[row // 2 % 2], ("no", "yes")[row % 2]])
    run([*command(data, tmp_path / "models", tmp_path / "runs"), "--config", str(config)])
    manifest = store.verify(tmp_path / "models", "steps", 1).manifest
    assert {one.name: one.kind for one in manifest.features} == {"heat": "series", "hall": "category"}
    scored = tmp_path / "scored.csv"
    assert score(Settings(models_dir=tmp_path / "models"), data, scored, "steps") == 0
    found = pl.read_csv(scored)
    assert found.columns[:3] == ["row_id", "machine", "prediction"]
    assert found["machine"].n_unique() == found.height == N
    truth = [("no", "yes")[int(one[1:]) % 2] for one in found["machine"]]
    assert np.mean(np.array(truth) == found["prediction"].to_numpy()) > 0.9
