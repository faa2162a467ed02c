"""A column of text, beside a number and a category, from the file to an answer over HTTP."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bundle import store
from app.bundle.tables.reader import open_table
from app.bundle.transforms.text import TextFeature
from app.settings import Settings
from tests.app.codecs import forms
from tests.server import running
from training.config import Config, NetworkConfig
from training.data.cleaning import clean
from training.data.normalize import Prepared, prepare
from training.data.split import split_rows
from training.data.table import Splits, Table
from training.evaluation.trained_model import TrainedModel
from training.job import Job

N = 300
GOOD, BAD = ("房间很好", "服务好", "干净 ok"), ("房间不好", "服务差", "太脏 no")
FILLER = "的一是在不了有和人这中大为上个国我以要他时来用们"


def write(path: Path) -> Path:
    random = np.random.default_rng(0)
    lines = ["review,price,town,mood"]
    for index in range(N):
        good = bool(index % 2)
        filler = "".join(random.choice(list(FILLER), 12))
        text = filler + random.choice(GOOD if good else BAD) + ("：" if index % 3 else ":")
        lines.append(
            f"{text},{random.normal(100, 10):.2f},{random.choice(['east', 'west'])},{'good' if good else 'bad'}"
        )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return clean(open_table(write(tmp_path_factory.mktemp("data") / "reviews.csv")), "mood", Config())


@pytest.fixture(scope="module")
def prepared(table: Table) -> Prepared:
    return prepare(table, split_rows(table, Config()))


def test_many_different_sentences_are_text(table: Table) -> None:
    assert {one.name: one.kind for one in table.features} == {"review": "text", "price": "number", "town": "category"}


@pytest.mark.tensorflow
@pytest.mark.parametrize("encoder", ["convolutional", "recurrent", "transformer"])
def test_each_encoder_answers_alike_in_the_graph(table: Table, prepared: Prepared, encoder: Any) -> None:
    from training.export.export import export_onnx
    from training.network.network import build
    from training.proof.parity import ParityLimits, prove_parity

    network = build(prepared, NetworkConfig(text_encoder=encoder, hidden_units=(8,)))
    model = TrainedModel(table, split_rows(table, Config()), prepared, export_onnx(network, "binary"))
    certificate = prove_parity(network, model, ParityLimits(tolerance=1e-5))
    assert certificate.label_flips == 0


@pytest.mark.tensorflow
def test_while_fitting_a_row_is_scored_by_the_model_that_never_saw_it(prepared: Prepared) -> None:
    from training.network.encoders.text import LinearScores
    from training.network.linear_text import N_FOLDS, assign_folds, fit_linear_models, to_matrix

    codes, weights = (prepared.train.tensors[name] for name in ("text_0_ngrams", "text_0_weights"))
    n_codes = int(codes.max()) + 1
    models = fit_linear_models([to_matrix(codes, weights, n_codes)], prepared.train.targets, "binary")
    layer = LinearScores(models, [n_codes])
    fitting, later = (np.asarray(layer([codes, weights], training=training)) for training in (True, False))
    every = (models.coefficients[codes] * weights[:, :, None, None]).sum(axis=1) + models.intercepts
    fold = assign_folds(codes.sum(axis=1))
    np.testing.assert_allclose(fitting[:, 0], every[np.arange(len(codes)), fold, 0], atol=1e-3)
    np.testing.assert_allclose(later, every.mean(axis=1), atol=1e-3)
    assert set(fold) == set(range(N_FOLDS))


@pytest.mark.tensorflow
def test_before_it_is_fitted_the_network_answers_with_the_n_grams_scores_alone(prepared: Prepared) -> None:
    from training.backend import keras
    from training.network.network import build

    model = build(prepared, NetworkConfig(hidden_units=(8,)))
    scores = keras.Model(model.inputs, model.get_layer("text_scores").output)
    logits = np.asarray(scores(prepared.test.tensors, training=False))
    answers = np.asarray(model(prepared.test.tensors, training=False))
    np.testing.assert_allclose(answers, 1 / (1 + np.exp(-logits)), atol=1e-6)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("task", "labels", "units"), [("multiclass", ("a", "b", "c"), 3), ("regression", None, 1)])
def test_the_scores_of_several_texts_reach_the_answer_of_every_task(task: Any, labels: Any, units: int) -> None:
    from training.export.export import export_onnx
    from training.network.network import build
    from training.proof.parity import ParityLimits, prove_parity

    random = np.random.default_rng(0)
    features = tuple(TextFeature(name=name, nullable=True) for name in ("title", "body"))
    columns = {one.name: [" ".join(random.choice(list("abcdef"), 5)) for _ in range(60)] for one in features}
    target = random.integers(3, size=60) if labels else random.normal(size=60)
    table = Table(features, columns, "y", target, task, labels, np.arange(60), ())
    splits = Splits(np.arange(40), np.arange(40, 50), np.arange(50, 60))
    prepared = prepare(table, splits)
    network = build(prepared, NetworkConfig(hidden_units=(8,)))
    assert network.get_layer("text_scores").output.shape == (None, units)
    model = TrainedModel(table, splits, prepared, export_onnx(network, task))
    assert prove_parity(network, model, ParityLimits(tolerance=1e-5)).label_flips == 0


@pytest.mark.tensorflow
def test_a_fitted_model_reads_text_in_every_format(tmp_path: Path) -> None:
    from io import StringIO

    from rich.console import Console

    from training.console.narrator import Narrator
    from training.pipeline import run

    config = Config.model_validate({"fit": {"epochs": 2}, "network": {"hidden_units": [8]}})
    models = tmp_path / "models"
    job = Job(
        data=write(tmp_path / "reviews.csv"), target="mood", name="mood", models=models, runs=tmp_path, config=config
    )
    run(job, Narrator(Console(file=StringIO())))
    golden = store.read(models, "mood", 1).golden
    rows: list[dict[str, Any]] = [*golden.rows[:3], {"review": "", "price": 100.0, "town": "east"}]
    with running(Settings(models_dir=models)) as client:
        sent = client.post("/predict", json={"instances": rows})
        assert sent.status_code == 200
        probabilities = [one["probabilities"] for one in sent.json()["predictions"]]
        for media_type, write_rows in (forms.WRITERS["columns"], forms.WRITERS["arrow"]):
            body = write_rows(rows)
            answer = client.post(
                "/predict", content=body, headers={"content-type": media_type, "accept": "application/json"}
            )
            assert [one["probabilities"] for one in answer.json()["predictions"]] == probabilities
        wrong = client.post("/predict", json={"instances": [{**rows[0], "review": 7}]})
        assert (wrong.status_code, "must be a string" in wrong.text) == (422, True)
        long = client.post("/predict", json={"instances": [{**rows[0], "review": "好" * 999}]})
        assert long.json()["predictions"][0]["warnings"][0]["rule"] == "text_cut"
