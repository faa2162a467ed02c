"""A table of series, dates and booleans by the commands that a user types."""

import csv
from pathlib import Path

import numpy as np
import pytest

from app.bundle import store
from app.metrics import Metrics
from app.model import LoadedModel
from app.settings import Settings
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
    model = LoadedModel(bundle, Settings(models_dir=tmp_path / "models"), Metrics())
    answers = model.predict_offline(model.schema.check(bundle.golden.rows)).decoded
    np.testing.assert_allclose(answers, bundle.golden.expected, atol=bundle.golden.tolerance)
    report = (tmp_path / "models/mixed/1/report/report.html").read_text(encoding="utf-8")
    for shown in ("numbers a series", "times of day", ">boolean<"):
        assert shown in report
