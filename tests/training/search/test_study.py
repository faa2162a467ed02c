"""The saved trials of a search, over any number of calls."""

from pathlib import Path

import pytest

from training.search.space import Hyperparameter
from training.search.study import SavedStudy, os_errors, trial_loss

SPACE = (Hyperparameter("network.members", (8, 1, 4)), Hyperparameter("fit.learning_rate", (1e-3, 1e-4, 1e-2)))


def study(folder: Path, space: tuple[Hyperparameter, ...] = SPACE) -> SavedStudy:
    return SavedStudy(folder / "search.db", space, seed=3)


def test_the_first_trial_is_the_defaults(tmp_path: Path) -> None:
    saved = study(tmp_path)
    trial, settings = saved.ask()
    assert settings == {"network.members": 8, "fit.learning_rate": 1e-3}
    saved.complete(trial, 0.5)
    assert saved.default_trial is not None
    assert trial_loss(saved.default_trial) == 0.5
    assert saved.ask()[1] != settings


def test_the_same_settings_are_tried_in_one_call_and_in_many(tmp_path: Path) -> None:
    whole, tried = study(tmp_path / "whole"), []
    for number in range(11):
        trial, settings = whole.ask()
        tried.append(settings)
        whole.complete(trial, (number * 7 % 5) / 10)
    for number in range(11):
        dying = study(tmp_path / "parts")
        assert dying.ask()[1] == tried[number], "an unfinished trial is tried again"
        part = study(tmp_path / "parts")
        trial, settings = part.ask()
        assert settings == tried[number]
        part.complete(trial, (number * 7 % 5) / 10)


def test_another_call_reads_the_finished_trials_and_the_seconds(tmp_path: Path) -> None:
    first = study(tmp_path)
    first.complete(first.ask()[0], 0.5)
    first.prune(first.ask()[0])
    first.record_seconds(7.5)
    first.discard(first.ask()[0])
    again = study(tmp_path)
    assert (len(again.finished), len(again.completed), again.seconds) == (2, 1, 7.5)


def test_the_best_has_the_least_loss_and_of_equal_ones_is_the_first(tmp_path: Path) -> None:
    saved = study(tmp_path)
    assert saved.best is None
    for value in (0.5, 0.25, 0.25):
        saved.complete(saved.ask()[0], value)
    assert saved.best is not None
    assert saved.best.number == 1


def test_a_trial_with_earlier_settings_is_a_repeat_and_another_is_drawn(tmp_path: Path) -> None:
    saved = study(tmp_path, (Hyperparameter("network.members", (8, 1)),))
    for repeats in range(20):
        trial, _ = saved.ask(repeats)
        if not saved.is_repeat(trial):
            saved.complete(trial, 0.5)
        else:
            saved.discard(trial)
    assert sorted(trial.params["network.members"] for trial in saved.finished) == ["1", "8"]


def test_another_space_has_trials_of_its_own(tmp_path: Path) -> None:
    first = study(tmp_path)
    first.complete(first.ask()[0], 0.5)
    assert study(tmp_path, SPACE[:1]).finished == []


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "search.db").mkdir()
    with pytest.raises(OSError, match="the trials of the search cannot be saved") as caught, os_errors(tmp_path):
        study(tmp_path)
    assert caught.value.filename == str(tmp_path)
