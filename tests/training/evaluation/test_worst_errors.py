"""The worst errors are the wrong answers, the most wrong first, with the row of the file that they are of."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.training.releases import SPLITS, make_release
from training.evaluation.worst_errors import MAX_ROWS, find_worst_errors


def test_rows_come_by_log_loss_with_what_was_so_and_what_was_said() -> None:
    table = replace(make_release().model.table, target=np.array([1, 0, 1]), row_ids=np.array([5, 8, 11]))
    answers = np.array([[0.8, 0.2], [0.9, 0.1], [0.99, 0.01]])
    first, second = find_worst_errors(table, np.arange(3), answers, 0.5)
    good, bad = table.labels or ()
    assert (first.row, first.actual, first.predicted, first.probability) == (11, bad, good, 0.01)
    assert first.error == pytest.approx(-np.log(0.01))
    assert second.row == 5


def test_a_right_answer_by_the_threshold_is_no_error_however_unsure() -> None:
    table = replace(make_release().model.table, target=np.array([1, 0]))
    assert find_worst_errors(table, np.arange(2), np.array([[0.7, 0.3], [0.71, 0.29]]), 0.3) == []


def test_values_come_by_absolute_error_with_its_sign() -> None:
    table = replace(make_release("regression").model.table, target=np.array([10.0, 10.0, 10.0]))
    found = find_worst_errors(table, np.arange(3), np.array([[9.0], [14.0], [10.0]]), 0.5)
    assert [(one.row, one.error, one.actual, one.predicted, one.probability) for one in found] == [
        (1, 4.0, "10", "14", None),
        (0, -1.0, "10", "9", None),
    ]


def test_a_test_split_is_told_by_its_own_rows_and_no_more_than_fit() -> None:
    table = make_release("regression").model.table
    found = find_worst_errors(table, SPLITS.test, np.full((30, 1), 1e6), 0.5)
    assert len(found) == MAX_ROWS
    assert {one.row for one in found} <= set(SPLITS.test.tolist())


def test_cells_are_cut_to_a_line_the_important_features_first() -> None:
    table = make_release("regression").model.table
    columns: dict[str, Any] = {**table.columns, "home": ["a\nb " + "x" * 200] * 80, "income": np.full(80, np.nan)}
    (one, *_) = find_worst_errors(
        replace(table, columns=columns), SPLITS.test, np.zeros((30, 1)), 0.5, ["home", "income"]
    )
    (home, income, *others) = one.cells
    assert home[1].startswith("a b xxx")
    assert len(home[1]) == 80
    assert income == ("income", "—")
    assert {name for name, _ in others} == {"age", "job title"}


def test_a_probability_of_zero_has_a_finite_loss() -> None:
    table = replace(make_release().model.table, target=np.array([1]))
    (one,) = find_worst_errors(table, np.arange(1), np.array([[1.0, 0.0]]), 0.5)
    assert np.isfinite(one.error)
