"""The search: never worse than the defaults on the validation split, without a look at the test split, resumable."""

import gc
import io
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.bundle import store
from tests.training.conftest import command, run, settings
from tests.training.tables import make_prepared, write_csv
from training.config import Config, load_config
from training.search.space import Hyperparameter

pytestmark = pytest.mark.tensorflow

ROOT = Path(__file__).parents[3]
CONFIG = Config.model_validate({"network": {"hidden_units": [8], "members": 2}, "fit": {"epochs": 2}})
RATES: tuple[Hyperparameter, ...] = (Hyperparameter("fit.learning_rate", (0.001, 0.1, 0.01)),)
"""A space of three trials."""

BUDGET = "5s"
"""Many times what a trial takes, for a search that is stopped after the first and goes on."""


class PoisonedSplit:
    """A test split that must not be read."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"the search looked at {name} of the test split")


def search(folder: Path, lines: io.StringIO, space: tuple[Hyperparameter, ...] = RATES, budget: float = 60) -> Any:
    from training.search.search import run_search

    poisoned: Any = PoisonedSplit()
    prepared = replace(make_prepared("binary", 100), test=poisoned)
    return run_search(prepared, CONFIG, space, budget, folder, Console(file=lines, width=40))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[str], Path]:
    """Return the result of a search, the lines it printed and its folder, which no test may change."""
    folder, lines = tmp_path_factory.mktemp("searched"), io.StringIO()
    return search(folder, lines), lines.getvalue().splitlines(), folder


def test_the_best_trial_wins_without_a_look_at_the_test_split(searched: tuple[Any, list[str], Path]) -> None:
    result, lines, _ = searched
    assert result.trials == 3
    assert result.loss < result.default_loss
    losses = [float(line.split("validation ")[1].split()[0]) for line in lines[:3]]
    assert result.loss == pytest.approx(min(losses), abs=1e-4)
    assert result.default_loss == pytest.approx(losses[0], abs=1e-4)
    assert lines[0].split()[:2] == ["trial", "1"]
    assert lines[0].endswith("best  the defaults")


def test_the_result_is_saved_as_a_configuration(searched: tuple[Any, list[str], Path]) -> None:
    result, lines, folder = searched
    assert load_config(folder / "best.toml") == result.config
    assert result.config.fit.learning_rate == 0.1
    assert f"  saved as {folder / 'best.toml'}" in lines
    assert "    learning_rate = 0.1" in lines


def test_a_fit_of_the_result_reaches_its_loss(searched: tuple[Any, list[str], Path], tmp_path: Path) -> None:
    from training.backend import make_deterministic
    from training.fitting.fit import fit
    from training.network.network import build

    config, prepared = searched[0].config, make_prepared("binary", 100)
    make_deterministic(config.seed)
    network = build(prepared, config.network)
    fitted = fit(network, prepared, config, tmp_path, Console(file=io.StringIO()))
    assert min(fitted.history["val_loss"]) == searched[0].loss


def test_a_finished_search_is_not_done_again(searched: tuple[Any, list[str], Path]) -> None:
    result, _, folder = searched
    lines = io.StringIO()
    again = search(folder, lines)
    assert "trial 1" not in lines.getvalue()
    assert (again.settings, again.loss, again.trials) == (result.settings, result.loss, 3)


def test_no_network_of_a_trial_stays_in_memory(searched: tuple[Any, list[str], Path]) -> None:
    from training.network.ensemble import Ensemble

    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(thing), Ensemble) for thing in gc.get_objects())

    before = alive()
    search(searched[2] / "again", io.StringIO(), (Hyperparameter("fit.learning_rate", (0.001, 0.1)),))
    assert alive() <= before


def test_a_search_without_time_for_a_whole_trial_keeps_the_configuration(tmp_path: Path) -> None:
    lines = io.StringIO()
    result = search(tmp_path, lines, budget=0.001)
    assert result.config == CONFIG
    assert (result.trials, result.loss, result.default_loss) == (0, None, None)
    assert "out of time" in lines.getvalue()


def test_a_fit_that_diverges_is_stopped_after_an_epoch(tmp_path: Path) -> None:
    lines = io.StringIO()
    result = search(tmp_path, lines, (Hyperparameter("fit.learning_rate", (0.001, 1e30)),))
    assert (result.trials, result.pruned) == (2, 1)
    assert result.config.fit.learning_rate == 0.001
    assert "trial 2  stopped early" in lines.getvalue()


def arguments(folder: Path, *options: str) -> list[str]:
    data = folder / "loans.csv"
    if not data.exists():
        write_csv(data, "binary", 100)
    options = (*settings(folder), *options)
    return command(data, folder / "models", folder / "runs", "--budget", BUDGET, *options)


def stop(folder: Path, signum: signal.Signals) -> tuple[int, str, str]:
    """Return exit code, output and errors of the command, sent a signal when a trial has finished."""
    with subprocess.Popen(
        [sys.executable, "-m", "training", *arguments(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if "trial 1 " in line:
                process.send_signal(signum)
        errors = process.stderr.read()
    assert not (folder / "models").exists()
    return process.returncode, "".join(printed), errors


def test_ctrl_c_says_how_the_search_continues(tmp_path: Path) -> None:
    code, output, errors = stop(tmp_path, signal.SIGINT)
    assert code == 130
    assert errors == "error: stopped; the same command goes on from what is done\n"
    assert re.search(
        r"stopped; \d trials are kept, and the same command continues for the remaining \d:\d\d\n$", output
    )


def test_a_killed_search_is_continued_and_ends_in_a_published_version(tmp_path: Path) -> None:
    assert stop(tmp_path, signal.SIGKILL)[0] == -signal.SIGKILL
    output = run(arguments(tmp_path, "--folds", "2"))
    assert "trial 1 " not in output
    assert "Cross-validation  2 folds" in output
    manifest = store.read(tmp_path / "models", "loans", 1).manifest
    assert manifest.metrics.keys() == {"validation", "test", "folds_mean", "folds_standard_deviation"}
    config = Config.model_validate(manifest.provenance.config)
    assert config.search.budget == BUDGET
    best = load_config(next((tmp_path / "runs").rglob("best.toml")))
    assert (config.network, config.fit) == (best.network, best.fit)
    report = (tmp_path / "models/loans/1/report/report.html").read_text(encoding="utf-8")
    assert '<section id="search">' in report
    assert '<section id="folds">' in report
