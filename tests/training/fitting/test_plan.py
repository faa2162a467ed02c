"""How long a fit lasts, by the data and by the configuration."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from tests.training.tables import make_prepared
from training.config import FitConfig
from training.data.normalize import Examples, Prepared
from training.fitting.plan import Course, course, is_long


def of_rows(task: Task, n_rows: int) -> Prepared:
    return replace(make_prepared(task), train=Examples({}, np.zeros((n_rows, 1), np.float32)))


@pytest.mark.parametrize(
    ("task", "n_rows", "long"),
    [("regression", 10_000, True), ("regression", 9_999, False), ("binary", 100_000, False)],
)
def test_values_of_many_rows_take_a_long_course(task: Task, n_rows: int, long: bool) -> None:
    assert is_long(of_rows(task, n_rows)) == long
    usual = Course(3e-3, "cosine", 40, 40) if long else Course(1e-3, "plateau", 100, 12)
    assert course(FitConfig(), of_rows(task, n_rows)) == usual


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"learning_rate": 0.1}, Course(0.1, "cosine", 40, 40)),
        ({"schedule": "constant"}, Course(3e-3, "constant", 100, 12)),
        ({"schedule": "plateau", "patience": 3}, Course(3e-3, "plateau", 100, 3)),
        ({"epochs": 7}, Course(3e-3, "cosine", 7, 7)),
        ({"epochs": 7, "patience": 2}, Course(3e-3, "cosine", 7, 2)),
    ],
)
def test_what_is_configured_goes_before_what_the_data_decides(given: dict[str, Any], expected: Course) -> None:
    assert course(FitConfig.model_validate(given), of_rows("regression", 20_000)) == expected
