"""Small tables that a network can learn from, typed and split as cleaning and splitting leave them."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.transforms import Feature
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.number import NumberFeature
from training.data.normalize import Prepared, prepare
from training.data.table import Splits, Table
from training.evaluation.trained_model import TrainedModel

FEATURES: tuple[Feature, ...] = (
    NumberFeature(name="age", nullable=False, example=40.0),
    CategoryFeature(name="home", nullable=True, example="rent"),
    NumberFeature(name="income", nullable=True, example=2000.0),
)
LABELS: dict[Task, tuple[str, ...] | None] = {
    "binary": ("good", "bad"),
    "multiclass": ("red", "green", "blue"),
    "regression": None,
}


def make_table(task: Task, n_rows: int = 200, seed: int = 0) -> Table:
    """Return a target that follows from age, income and home, with a little noise."""
    random = np.random.default_rng(seed)
    age, income = random.uniform(18, 80, n_rows), random.normal(2000, 500, n_rows)
    home = random.choice(["rent", "owner", "other"], n_rows)
    score = (age - 49) / 9 + (income - 2000) / 1000 + (home == "owner") + random.normal(0, 0.1, n_rows)
    income[random.random(n_rows) < 0.2] = np.nan
    columns: dict[str, Any] = {"age": age, "home": home.tolist(), "income": income}
    columns["home"][:3] = [None, None, None]
    target: NDArray[Any] = 1000 + 50 * score
    if task != "regression":
        n_labels = len(LABELS[task] or ())
        target = np.searchsorted(np.quantile(score, np.arange(1, n_labels) / n_labels), score).astype(np.int64)
    return Table(FEATURES, columns, "answer", target, task, LABELS[task], np.arange(n_rows), ())


def make_splits(n_rows: int = 200) -> Splits:
    """Return splits in which four of every five rows train, and the fifth validates or tests in turn."""
    rows = np.arange(n_rows)
    return Splits(rows[rows % 5 < 4], rows[rows % 10 == 4], rows[rows % 10 == 9])


def make_prepared(task: Task, n_rows: int = 200) -> Prepared:
    """Return the table as tensors."""
    return prepare(make_table(task, n_rows), make_splits(n_rows))


def make_model(task: Task, graph: bytes) -> TrainedModel:
    """Return the table with a graph that takes its tensors."""
    return TrainedModel(make_table(task), make_splits(), make_prepared(task), graph)


def write_csv(path: Path, task: Task, n_rows: int = 200) -> Path:
    """Write the table as a file and return its path."""
    table = make_table(task, n_rows)
    names = [feature.name for feature in table.features]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*names, table.target_name])
        for row in range(n_rows):
            cells = [table.columns[name][row] for name in names]
            answer = table.labels[table.target[row]] if table.labels else round(table.target[row], 3)
            writer.writerow(["" if cell is None or cell != cell else cell for cell in cells] + [answer])
    return path
