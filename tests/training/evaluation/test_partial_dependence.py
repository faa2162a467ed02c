"""Partial dependence is the mean answer of the exported graph where a feature is set to one value in all rows."""

from dataclasses import replace

import numpy as np
import pytest

from app.bundle.calibration import Temperature
from app.bundle.manifest import Task
from tests.training.releases import SPLITS, make_release
from training.data.kinds import KINDS
from training.data.kinds.base import no_grid
from training.evaluation import partial_dependence
from training.evaluation.calibration import CalibrationChoice
from training.evaluation.decision import Decision
from training.evaluation.importance import Importance
from training.evaluation.partial_dependence import PartialDependence, partial_dependences

RANKED = tuple(Importance(name, drop, 0.0) for name, drop in (("home", 0.3), ("income", 0.2), ("age", -0.1)))


def found(task: Task = "binary", ranked: tuple[Importance, ...] = RANKED) -> list[PartialDependence]:
    return partial_dependences(make_release(task).model, ranked)


def test_features_come_by_importance_and_those_without_any_are_left_out() -> None:
    assert [one.feature for one in found()] == ["home", "income"]


def test_without_importances_every_feature_is_told_in_order() -> None:
    assert [one.feature for one in found(ranked=())] == ["age", "income", "home", "job title"]


def test_no_more_features_than_the_report_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial_dependence, "MAX_FEATURES", 1)
    assert [one.feature for one in found()] == ["home"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_each_mean_is_what_the_rows_get_as_requests_with_that_value(task: Task) -> None:
    model = make_release(task).model
    preprocessor = model.prepared.preprocessor
    home, income = found(task)
    cells = {name: [column[row] for row in SPLITS.validation] for name, column in model.table.columns.items()}
    for one, value, mean in (
        (home, home.values[0], home.means[0]),
        (income, income.values[3], income.means[3]),
        (income, None, income.missing),
    ):
        columns = cells | {one.feature: [value] * len(SPLITS.validation)}
        answers = model.answer(preprocessor.normalize(preprocessor.vectorize(columns)))
        assert mean == pytest.approx(answers.mean(axis=0))


def test_a_feature_that_is_never_missing_has_no_answer_for_it() -> None:
    home, income = found()
    assert home.missing is None
    assert income.missing is not None


def test_probabilities_are_calibrated_as_the_service_s() -> None:
    decision = Decision(calibration_choice=CalibrationChoice(Temperature(temperature=4.0), {}))
    result = partial_dependences(make_release("binary", decision).model, RANKED)
    assert 0 < abs(result[0].means[0][1] - 0.5) < abs(found()[0].means[0][1] - 0.5)


def test_a_kind_without_a_grid_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    gridless = replace(KINDS["category"], grid=no_grid)
    monkeypatch.setattr(partial_dependence, "KINDS", {**KINDS, "category": gridless})
    assert [one.feature for one in found()] == ["income"]


def test_numbers_are_tried_at_values_that_were_seen_ascending_and_without_the_ends() -> None:
    cells = np.append(np.arange(1000.0), np.nan)
    grid = KINDS["number"].grid(cells)
    assert list(grid) == sorted(set(grid) & set(range(1000)))
    assert (grid[0], grid[-1], len(grid)) == (20.0, 979.0, 21)


def test_a_number_of_few_values_is_tried_at_those() -> None:
    assert KINDS["number"].grid(np.array([1.0, 0.0, 1.0, np.nan, 0.0])) == [0.0, 1.0]


def test_the_most_frequent_categories_are_tried() -> None:
    cells = [None, "b", "a", "b", None, None]
    assert KINDS["category"].grid(cells) == ["b", "a"]
    assert len(KINDS["category"].grid([str(number) for number in range(100)])) == 8


def test_a_column_without_values_has_no_grid() -> None:
    assert not KINDS["number"].grid(np.array([np.nan]))
    assert not KINDS["category"].grid([None])
    assert not KINDS["date"].grid([None])


def test_dates_are_tried_from_the_first_to_the_last() -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 31)]
    grid = KINDS["date"].grid([*reversed(days), None])
    assert (grid[0], grid[-1], len(grid)) == (days[0], days[-1], 8)


def test_rows_of_other_splits_change_nothing() -> None:
    model = make_release().model
    before = found()
    columns = {**model.table.columns, "age": model.table.columns["age"].copy()}  # type: ignore[attr-defined]
    columns["age"][SPLITS.test] = 0.0
    assert partial_dependences(replace(model, table=replace(model.table, columns=columns)), RANKED) == before
