"""The defects of the recipe that this replaces, each with a test that would catch it here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.bundle import store
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests.training.conftest import Run
from tests.training.tables import make_prepared, make_splits, make_table
from training.config import Config
from training.data.normalize import prepare
from training.data.split import split_rows
from training.data.table import Table


def untouched(table: Table, name: str, rows: NDArray[np.int64]) -> Any:
    return np.array(table.columns[name], dtype=np.float64)[rows]


def test_features_are_not_scaled_by_one_mean_and_deviation_over_all_of_them() -> None:
    numbers = make_prepared("binary").train.tensors["number"][:, :2]
    assert numbers.mean(axis=0) == pytest.approx([0, 0], abs=0.05)
    assert numbers.std(axis=0) == pytest.approx([1, 1], abs=0.15)


def test_test_rows_are_scaled_by_the_train_rows_as_they_were_before_scaling() -> None:
    table, splits = make_table("regression"), make_splits()
    train, test = untouched(table, "age", splits.train), untouched(table, "age", splits.test)
    prepared = prepare(table, splits)
    found = prepared.test.tensors["number"][:, 0]
    assert found == pytest.approx((test - train.mean()) / train.std(), rel=1e-5)
    np.testing.assert_array_equal(prepare(table, splits).test.tensors["number"][:, 0], found)


def test_a_validation_split_is_made_and_shares_no_row_with_the_others() -> None:
    table = make_table("multiclass")
    splits = split_rows(table, Config())
    parts = [splits.train, splits.validation, splits.test]
    assert all(len(part) for part in parts)
    assert sorted(np.concatenate(parts)) == list(range(len(table.target)))


def predicted(task: Any, tmp_path: Path) -> tuple[Any, Any, Any]:
    """A network fitted for one epoch, its validation loss, and its answers to the validation rows."""
    import io

    from rich.console import Console

    from training.fitting.fit import fit
    from training.network.network import build, predict

    prepared = make_prepared(task)
    config = Config.model_validate({"fit": {"epochs": 1}, "network": {"hidden_units": [8], "embedding_dimension": 1}})
    fitted = fit(build(prepared, config.network), prepared, config, tmp_path, Console(file=io.StringIO()))
    answers = predict(fitted.model, prepared.validation.tensors).astype(np.float64)
    return prepared.validation.targets, fitted.history["val_loss"][0], answers


@pytest.mark.tensorflow
def test_integer_labels_meet_a_loss_that_reads_integers_and_no_squared_error(tmp_path: Path) -> None:
    targets, loss, answers = predicted("multiclass", tmp_path)
    cross_entropy = -np.log(answers[np.arange(len(targets)), targets]).mean()
    assert loss == pytest.approx(cross_entropy, abs=1e-4), "the loss of the validation rows, by their integer labels"
    assert answers.sum(axis=1) == pytest.approx(1)


@pytest.mark.tensorflow
def test_a_sigmoid_meets_cross_entropy_and_no_squared_error(tmp_path: Path) -> None:
    targets, loss, answers = predicted("binary", tmp_path)
    assert loss == pytest.approx(-np.log(np.where(targets == 1, answers, 1 - answers)).mean(), abs=1e-4)


@pytest.mark.tensorflow
def test_squared_error_is_for_values(tmp_path: Path) -> None:
    targets, loss, answers = predicted("regression", tmp_path)
    assert loss == pytest.approx(((targets - answers) ** 2).mean(), abs=1e-4)


@pytest.mark.tensorflow
def test_what_is_published_is_checked_and_served_and_is_no_h5(trained: Run) -> None:
    folder = trained.models / "loans" / "1"
    files = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
    assert files == {
        "manifest.json",
        "model.onnx",
        "explain.onnx",
        "normalization.json",
        "golden.json",
        "reference.json",
        "report/report.html",
        "report/model_card.md",
    }
    bundle = store.verify(trained.models, "loans", 1)
    model = ServedModel(bundle, Settings(models_dir=trained.models), Metrics()).model
    answers = model.predict(model.schema.check(bundle.golden.rows)).decoded
    np.testing.assert_allclose(answers, bundle.golden.expected, atol=bundle.golden.tolerance)
