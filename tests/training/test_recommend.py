"""Ratings of items by users: from the file to a ranking, and better than what users and items are worth alone."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.bundle import store
from app.bundle.tables.reader import open_table
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests.training.conftest import run
from training.config import ColumnConfig, Config, NetworkConfig, SplitConfig
from training.data.cleaning import clean
from training.data.normalize import prepare
from training.data.split import split_rows
from training.errors import InputError
from training.evaluation.ndcg import mean_ndcg
from training.evaluation.trained_model import TrainedModel

N_USERS, N_ITEMS, N = 150, 80, 6_000
COLUMNS = {"who": ColumnConfig(kind="user"), "what": ColumnConfig(kind="item")}
CONFIG = Config(columns=COLUMNS, split=SplitConfig(column="part"))


@dataclass(frozen=True)
class Ratings:
    """Rows of a file: users and items by number, stars, and which rows test."""

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    stars: NDArray[np.floating[Any]]
    test: NDArray[np.bool_]


def make(seed: int = 0) -> Ratings:
    """Stars that follow from tastes of three sides, kindness, quality and noise."""
    random = np.random.default_rng(seed)
    pairs = random.choice(N_USERS * N_ITEMS, N, replace=False)
    users, items = pairs // N_ITEMS, pairs % N_ITEMS
    tastes, traits = random.normal(size=(N_USERS, 3)), random.normal(size=(N_ITEMS, 3))
    kind, good = random.normal(0, 0.4, N_USERS), random.normal(0, 0.5, N_ITEMS)
    liking = kind[users] + good[items] + 0.5 * (tastes[users] * traits[items]).sum(axis=1)
    stars = np.clip(np.round(3.5 + liking + random.normal(0, 0.6, N)), 1, 5)
    return Ratings(users, items, stars, random.random(N) < 0.2)


def write(path: Path, ratings: Ratings, n_rows: int = N) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["who", "what", "genre", "hour", "part", "stars"])
        for row in range(n_rows):
            item = ratings.items[row]
            part = "test" if ratings.test[row] else "train"
            writer.writerow([f"u{ratings.users[row]}", item, f"g{item % 4}", row % 24, part, int(ratings.stars[row])])
    return path


def by_means(ratings: Ratings) -> NDArray[np.float64]:
    """Return what users and items are worth alone, shrunk where they have few rows: the test rows' stars."""
    train, mean = ~ratings.test, ratings.stars[~ratings.test].mean()
    sides = [(ratings.users, np.zeros(N_USERS)), (ratings.items, np.zeros(N_ITEMS))]
    for _ in range(10):
        for (side, worth), (other, others) in (sides, sides[::-1]):
            left = (ratings.stars - mean - others[other])[train]
            worth[:] = np.bincount(side[train], left, len(worth)) / (np.bincount(side[train], minlength=len(worth)) + 3)
    return mean + sum(worth[side[ratings.test]] for side, worth in sides)  # type: ignore[no-any-return]


@pytest.mark.tensorflow
def test_ratings_are_learnt_better_than_by_means_and_ranked(tmp_path: Path) -> None:
    ratings = make()
    data = write(tmp_path / "stars.csv", ratings)
    (tmp_path / "config.toml").write_text('[split]\ncolumn = "part"\n', encoding="utf-8")
    options = ["--user", "who", "--item", "what", "--config", str(tmp_path / "config.toml"), "--epochs", "30"]
    arguments = [str(data), "--target", "stars", "--models", str(tmp_path / "models"), "--work-dir", str(tmp_path)]
    run(["fit", *arguments, *options])
    bundle = store.verify(tmp_path / "models", "stars", 1)
    assert bundle.manifest.task == "regression"
    simple = np.sqrt(np.mean((ratings.stars[ratings.test] - by_means(ratings)) ** 2))
    assert bundle.manifest.metrics["test"]["rmse"] < 0.95 * simple
    tested = [str(one) for one in ratings.users[ratings.test]]
    by_chance = mean_ndcg(tested, ratings.stars[ratings.test], np.zeros(len(tested)))
    assert by_chance is not None
    assert bundle.manifest.metrics["test"]["ndcg_at_10"] > by_chance + 0.05
    assert bundle.catalogue is not None
    assert bundle.manifest.explanation is not None
    assert bundle.manifest.explanation.parity.median_gap < 0.05
    assert list(bundle.catalogue.columns) == ["what", "genre"]

    model = ServedModel(bundle, Settings(models_dir=tmp_path / "models"), Metrics()).model
    assert model.ranker is not None
    candidates = model.ranker.candidates({"user": {"who": "u1", "hour": 3.0}, "top": N_ITEMS})
    best = candidates.rank(model.predict(candidates.rows))
    rows: list[Any] = [{"who": "u1", "hour": 3.0, "what": one.item, "genre": f"g{int(one.item) % 4}"} for one in best]
    values = model.predict(model.schema.check(rows)).decoded[:, 0]
    np.testing.assert_allclose([one.score for one in best], values, atol=1e-5)
    assert (np.diff(values) <= 1e-5).all()
    report = (tmp_path / "models/stars/1/report/report.html").read_text(encoding="utf-8")
    assert "NDCG@10" in report
    assert "rows of a user, median" in report
    assert "u149" not in report


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("kinds", "task"),
    [(("user", "item"), "binary"), (("user", "item"), "multiclass"), (("category", "item"), "regression")],
)
def test_each_task_is_exported_and_proved(tmp_path: Path, kinds: Any, task: Any) -> None:
    from training.export.export import export_onnx
    from training.network.network import build
    from training.proof.parity import ParityLimits, prove_parity

    ratings = make()
    stars = (ratings.stars > 3) + 1.0 if task == "binary" else ratings.stars
    data = write(tmp_path / "stars.csv", Ratings(ratings.users, ratings.items, stars, ratings.test), 600)
    columns = {name: ColumnConfig(kind=kind) for name, kind in zip(COLUMNS, kinds, strict=True)}
    config = CONFIG.model_copy(update={"columns": columns, "task": task})
    table = clean(open_table(data), "stars", config)
    splits = split_rows(table, config)
    prepared = prepare(table, splits)
    network = build(prepared, NetworkConfig(hidden_units=(8,), members=2))
    model = TrainedModel(table, splits, prepared, export_onnx(network, task))
    assert prove_parity(network, model, ParityLimits(tolerance=1e-5)).label_flips == 0


def test_a_table_has_one_column_of_users(tmp_path: Path) -> None:
    data = write(tmp_path / "stars.csv", make(), 100)
    columns = {name: ColumnConfig(kind="user") for name in COLUMNS}
    with pytest.raises(InputError, match="one column can be of the kind user"):
        clean(open_table(data), "stars", CONFIG.model_copy(update={"columns": columns}))


def test_stars_of_items_are_values_and_two_of_them_labels(tmp_path: Path) -> None:
    ratings = make()
    assert clean(open_table(write(tmp_path / "stars.csv", ratings)), "stars", CONFIG).task == "regression"
    clicks = Ratings(ratings.users, ratings.items, (ratings.stars > 3) * 1.0, ratings.test)
    assert clean(open_table(write(tmp_path / "clicks.csv", clicks)), "stars", CONFIG).task == "binary"
    without = CONFIG.model_copy(update={"columns": {}})
    assert clean(open_table(tmp_path / "stars.csv"), "stars", without).task == "multiclass"
