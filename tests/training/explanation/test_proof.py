"""The exported explanation is proved, and refused where it explains another network."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bundle import store
from app.bundle.manifest import Task
from app.bundle.transforms import Feature
from app.bundle.transforms.ids import ItemFeature, UserFeature
from app.bundle.transforms.text import TextFeature
from app.errors import NotExplainable
from app.models.model import Model
from app.settings import Settings
from tests.training.conftest import Run, command, run
from tests.training.tables import make_prepared, write_csv
from training.config import NetworkConfig
from training.data.normalize import prepare
from training.data.table import Splits, Table
from training.errors import ParityError

pytestmark = pytest.mark.tensorflow

FOUND = {"contributions": np.array([[0.5, 2.0]]), "score": np.array([[3.0]]), "baseline": np.array([[0.5]])}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_onnxruntime_explains_as_tensorflow_does(task: Task) -> None:
    from training.backend import keras
    from training.explanation.proof import prove_explanation
    from training.export.runtime import Graph
    from training.network.network import build

    keras.utils.set_random_seed(5)
    prepared = make_prepared(task)
    options = {"batch_normalization": True} if task == "multiclass" else {}
    proven = prove_explanation(build(prepared, NetworkConfig(hidden_units=(16, 8), **options)), prepared)
    parity = proven.described.parity
    assert (parity.rows, parity.edge_rows) == (20, 24)
    assert parity.largest_difference < 1e-5
    assert parity.answer_difference < 1e-5
    assert parity.median_gap <= parity.largest_gap
    label = ["label"] if task == "multiclass" else []
    assert sorted(Graph(proven.content).outputs) == sorted(["contributions", "score", "baseline", *label])


def test_a_difference_from_tensorflow_is_refused() -> None:
    from training.explanation.proof import largest_difference

    other = {**FOUND, "contributions": np.array([[0.5, 2.01]])}
    assert largest_difference(FOUND, FOUND) == 0
    with pytest.raises(ParityError, match=r"may differ from TensorFlow's by 0\.001, it differs by 0\.00333"):
        largest_difference(FOUND, other)


def test_a_number_that_is_none_is_refused() -> None:
    from training.explanation.proof import largest_difference

    with pytest.raises(ParityError, match="differs by nan"):
        largest_difference(FOUND, {**FOUND, "score": np.array([[np.nan]])})


def test_scores_of_another_network_are_refused() -> None:
    from training.explanation.proof import answer_difference

    probability = 1 / (1 + np.exp(-3.0))
    assert answer_difference("binary", FOUND, np.array([[probability]])) < 1e-9
    with pytest.raises(ParityError, match="may differ from the network's answer"):
        answer_difference("binary", FOUND, np.array([[probability - 0.01]]))


def test_texts_and_what_they_score_directly_are_explained() -> None:
    from training.backend import keras
    from training.explanation.proof import prove_explanation
    from training.export.runtime import Graph
    from training.network.network import build

    random = np.random.default_rng(0)
    features: tuple[Feature, ...] = tuple(TextFeature(name=name, nullable=True) for name in ("title", "body", "same"))
    columns: dict[str, Any] = {
        one.name: [" ".join(random.choice(list("abcdef"), 5)) for _ in range(60)] for one in features
    }
    columns["same"] = ["a b"] * 60
    target = (np.array([one.count("a") for one in columns["title"]]) > 0).astype(np.int64)
    table = Table(features, columns, "y", target, "binary", ("no", "yes"), np.arange(60), ())
    prepared = prepare(table, Splits(np.arange(40), np.arange(40, 50), np.arange(50, 60)))
    keras.utils.set_random_seed(5)
    network = build(prepared, NetworkConfig(hidden_units=(8,), members=2))
    kernel = network.get_layer("scores").kernel
    kernel.assign(random.normal(size=kernel.shape))
    proven = prove_explanation(network, prepared)
    assert proven.described.parity.largest_gap < 0.01
    found = Graph(proven.content).run(prepared.test.tensors, 1)["contributions"]
    title, body, same = np.abs(found).mean(axis=0)
    assert min(title, body) > 1e-3
    assert same < 1e-6


def test_a_user_s_and_an_item_s_product_is_explained_without_a_gap() -> None:
    from training.backend import keras
    from training.explanation.proof import prove_explanation
    from training.network.network import build

    random = np.random.default_rng(0)
    features: tuple[Feature, ...] = (UserFeature(name="who", nullable=False), ItemFeature(name="what", nullable=False))
    columns = {name: [f"{name}{index}" for index in random.integers(0, 9, 100)] for name in ("who", "what")}
    table = Table(features, columns, "y", random.normal(size=100), "regression", None, np.arange(100), ())
    prepared = prepare(table, Splits(np.arange(60), np.arange(60, 80), np.arange(80, 100)))
    keras.utils.set_random_seed(5)
    network = build(prepared, NetworkConfig(hidden_units=(8, 6), members=2))
    network.set_weights([random.normal(0, 0.5, one.shape) for one in network.get_weights()])
    proven = prove_explanation(network, prepared)
    assert proven.described.parity.largest_gap < 1e-4


def test_a_version_whose_explanation_is_not_proved_is_published_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.explanation.proof.TOLERANCE", 0.0)  # which no two computations agree within
    data = write_csv(tmp_path / "loans.csv", "binary")
    told = run(command(data, tmp_path / "models", tmp_path / "runs", "--epochs", "1"))
    assert re.search(r"explanation: none, it may differ from .* by 0, it differs by ", told)
    refuses_to_explain(tmp_path / "models")


def test_no_explanation_is_published_where_none_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "plain.toml").write_text("[export]\nexplanation = false\n", encoding="utf-8")
    data = write_csv(tmp_path / "loans.csv", "binary")
    options = ["--epochs", "1", "--config", str(tmp_path / "plain.toml")]
    told = run(command(data, tmp_path / "models", tmp_path / "runs", *options))
    assert "explanation: " not in told
    refuses_to_explain(tmp_path / "models")


def refuses_to_explain(models: Path) -> None:
    bundle = store.verify(models, "loans", 1)
    assert bundle.manifest.explanation is None
    model = Model(bundle, Settings(models_dir=models))
    assert len(model.predict(model.schema.check(bundle.golden.rows))) == len(bundle.golden.rows)
    with pytest.raises(NotExplainable, match="loans:1 was published without an explanation"):
        model.require_explainer()
    card = (models / "loans/1/report/model_card.md").read_text(encoding="utf-8")
    assert "This version cannot explain its answers." in card


def test_a_published_version_explains_its_own_answers(trained: Run) -> None:
    bundle = store.verify(trained.models, "loans", 1)
    assert bundle.manifest.explanation is not None
    assert "explanation: " in trained.output
    model = Model(bundle, Settings(models_dir=trained.models))
    rows = model.schema.check(bundle.golden.rows)
    found = model.explain([rows])
    assert found.contributions.shape == (len(rows), len(bundle.manifest.features))
    if bundle.manifest.calibration is None:
        expected = np.array(bundle.golden.expected)[:, 1]
        np.testing.assert_allclose(1 / (1 + np.exp(-found.scores)), expected, atol=1e-5)
    assert np.abs(found.gaps).max() <= 0.05 * np.abs(found.scores - found.baselines).max()
