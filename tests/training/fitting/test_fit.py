"""A fit: the best weights by the validation split, reproducible also after a crash."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from app.bundle.manifest import Task
from app.bundle.transforms.category import UNKNOWN
from tests.training.fitting.test_tensorboard import events
from tests.training.tables import make_prepared
from training.config import Config, FitConfig, NetworkConfig
from training.data.normalize import Prepared
from training.fitting.plan import FitPlan

pytestmark = pytest.mark.tensorflow


def fit(task: Task, work_dir: Path, lines: io.StringIO | None = None, **options: Any) -> tuple[Any, Prepared]:
    from training.backend import make_deterministic
    from training.fitting.fit import fit
    from training.network.network import build

    prepared = make_prepared(task)
    config = Config.model_validate(
        {"network": {"hidden_units": [16], "embedding_dimension": 3}, "fit": {"epochs": 4, **options}}
    )
    make_deterministic(config.seed)
    console = Console(file=lines or io.StringIO(), width=40)
    return fit(build(prepared, config.network), prepared, config, work_dir, console), prepared


@dataclass(frozen=True, slots=True)
class Quick:
    """A short run, the lines it printed and the folder it wrote."""

    fitted: Any
    prepared: Prepared
    lines: list[str]
    folder: Path


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Quick:
    """Four epochs of a binary network; not to be changed."""
    folder, lines = tmp_path_factory.mktemp("quick"), io.StringIO()
    fitted, prepared = fit("binary", folder, lines)
    return Quick(fitted, prepared, lines.getvalue().splitlines(), folder)


def weights(fitted: Any) -> list[Any]:
    return [np.asarray(array) for array in fitted.model.get_weights()]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_each_task_learns(task: Task, tmp_path: Path) -> None:
    fitted, prepared = fit(task, tmp_path, epochs=12, learning_rate=0.01)
    losses = fitted.history["val_loss"]
    assert min(losses) < 0.7 * losses[0]
    assert np.isfinite(fitted.model.predict(prepared.test.tensors, verbose=0)).all()


def test_the_weights_of_the_best_epoch_are_restored(tmp_path: Path) -> None:
    fitted, prepared = fit("regression", tmp_path, epochs=40, learning_rate=0.2, patience=3, schedule="constant")
    losses = fitted.history["val_loss"]
    assert len(losses) < 40, "it stopped early"
    assert fitted.best_epoch == int(np.argmin(losses)) + 1 == len(losses) - 3
    answers = fitted.model.predict(prepared.validation.tensors, verbose=0)
    error = float(np.mean((answers - prepared.validation.targets) ** 2))
    assert error == pytest.approx(losses[fitted.best_epoch - 1], abs=1e-4)


def test_the_same_run_again_begins_anew_and_ends_with_the_same_weights(quick: Quick) -> None:
    again, _ = fit("binary", quick.folder)
    assert again.resumed_at == 0
    assert again.history == quick.fitted.history
    for weight, other in zip(weights(again), weights(quick.fitted), strict=True):
        np.testing.assert_array_equal(weight, other)


class CrashError(Exception):
    """A crash of a run between two epochs."""


class Crashing(io.StringIO):
    """A console that crashes at a given line."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self._line = line

    def write(self, text: str) -> int:
        if self._line in text:
            raise CrashError
        return super().write(text)


def test_a_run_that_died_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 9, "patience": 3, "learning_rate": 0.05}
    whole, _ = fit("regression", tmp_path / "whole", **options)
    with pytest.raises(CrashError):
        fit("regression", tmp_path / "died", Crashing("epoch 5/9"), **options)
    lines = io.StringIO()
    resumed, _ = fit("regression", tmp_path / "died", lines, **options)
    assert resumed.resumed_at == 4
    assert "resumed after epoch 4" in lines.getvalue()
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    for weight, other in zip(weights(resumed), weights(whole), strict=True):
        np.testing.assert_array_equal(weight, other)


def test_the_network_learns_from_the_unknown_category(quick: Quick) -> None:
    from training.backend import make_deterministic
    from training.network.network import build

    make_deterministic(Config().seed)
    untrained = build(quick.prepared, NetworkConfig(embedding_dimension=3))
    models = untrained, quick.fitted.model
    before, after = (model.get_layer("category_0_embedding").get_weights()[0] for model in models)
    grown = np.abs(after[UNKNOWN]) - np.abs(before[UNKNOWN])
    assert grown.max() > 1e-3, "regularization alone lets it shrink"


def test_the_configuration_decides_optimizer_schedule_and_class_weights(quick: Quick, tmp_path: Path) -> None:
    fitted, _ = fit("binary", tmp_path, optimizer="sgd", schedule="cosine", class_weights=True, learning_rate=0.1)
    assert type(quick.fitted.model.optimizer).__name__ == "Adam"
    assert type(fitted.model.optimizer).__name__ == "SGD"
    assert fitted.history["loss"][-1] < fitted.history["loss"][0]


@pytest.mark.parametrize(("schedule", "halfway"), [("cosine", 0.05), ("constant", 0.1), ("plateau", 0.1)])
def test_the_cosine_schedule_falls_to_zero_and_the_others_wait(schedule: Any, halfway: float) -> None:
    from training.fitting.fit import build_optimizer

    plan = FitPlan(0.1, schedule, epochs=4, patience=4)
    optimizer = build_optimizer(FitConfig(), plan, steps_per_epoch=3)
    optimizer.iterations.assign(6)
    assert float(optimizer.learning_rate) == pytest.approx(halfway)


def test_an_epoch_is_one_line_however_narrow_the_terminal(quick: Quick) -> None:
    assert [line.split()[:2] for line in quick.lines] == [["epoch", f"{epoch}/4"] for epoch in range(1, 5)]
    assert all(word in quick.lines[0] for word in ("loss", "validation", "rate", "best"))


def test_a_run_leaves_a_tensorboard_log(quick: Quick) -> None:
    logged = events(quick.folder / "tensorboard")
    assert logged.keys() == quick.fitted.history.keys() == {"loss", "val_loss", "learning_rate"}
