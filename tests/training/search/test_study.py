"""The trials of a search, over as many calls as it takes."""

from pathlib import Path

import pytest

from training.search.space import Choice
from training.search.study import Study, loss, os_errors

SPACE = (Choice("network.members", (8, 1, 4)), Choice("fit.learning_rate", (1e-3, 1e-4, 1e-2)))


def study(folder: Path, space: tuple[Choice, ...] = SPACE) -> Study:
    return Study(folder / "search.db", space, seed=3)


def test_the_first_trial_is_the_defaults(tmp_path: Path) -> None:
    one = study(tmp_path)
    trial, settings = one.begin()
    assert settings == {"network.members": 8, "fit.learning_rate": 1e-3}
    one.finish(trial, 0.5)
    assert one.of_defaults is not None
    assert loss(one.of_defaults) == 0.5
    assert one.begin()[1] != settings


def test_what_is_tried_is_the_same_in_one_call_and_in_many(tmp_path: Path) -> None:
    whole, tried = study(tmp_path / "whole"), []
    for number in range(11):
        trial, settings = whole.begin()
        tried.append(settings)
        whole.finish(trial, (number * 7 % 5) / 10)
    for number in range(11):
        dying = study(tmp_path / "parts")
        assert dying.begin()[1] == tried[number], "a trial that was not finished"
        part = study(tmp_path / "parts")
        trial, settings = part.begin()
        assert settings == tried[number]
        part.finish(trial, (number * 7 % 5) / 10)


def test_another_call_finds_what_was_finished_and_spent(tmp_path: Path) -> None:
    first = study(tmp_path)
    first.finish(first.begin()[0], 0.5)
    first.give_up(first.begin()[0])
    first.spend(7.5)
    first.drop(first.begin()[0])
    again = study(tmp_path)
    assert (len(again.finished), len(again.whole), again.seconds) == (2, 1, 7.5)


def test_the_best_has_the_least_loss_and_of_equal_ones_is_the_first(tmp_path: Path) -> None:
    one = study(tmp_path)
    assert one.best is None
    for value in (0.5, 0.25, 0.25):
        one.finish(one.begin()[0], value)
    assert one.best is not None
    assert one.best.number == 1


def test_a_trial_of_what_was_tried_is_a_repeat_and_another_is_drawn(tmp_path: Path) -> None:
    one = study(tmp_path, (Choice("network.members", (8, 1)),))
    for repeats in range(20):
        trial, _ = one.begin(repeats)
        if not one.is_repeat(trial):
            one.finish(trial, 0.5)
        else:
            one.drop(trial)
    assert sorted(trial.params["network.members"] for trial in one.finished) == ["1", "8"]


def test_another_space_begins_anew(tmp_path: Path) -> None:
    first = study(tmp_path)
    first.finish(first.begin()[0], 0.5)
    assert study(tmp_path, SPACE[:1]).finished == []


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "search.db").mkdir()
    with pytest.raises(OSError, match="the trials of the search cannot be kept") as caught, os_errors(tmp_path):
        study(tmp_path)
    assert caught.value.filename == str(tmp_path)
