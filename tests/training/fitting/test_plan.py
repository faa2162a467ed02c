"""The plan of a fit, by the data and by the configuration."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from tests.training.tables import make_prepared
from training.config import FitConfig
from training.data.normalize import Examples, Prepared
from training.fitting.plan import FitPlan, plan_fit


def of_rows(task: Task, n_rows: int) -> Prepared:
    return replace(make_prepared(task), train=Examples({}, np.zeros((n_rows, 1), np.float32)))


@pytest.mark.parametrize(
    ("task", "n_rows", "expected"),
    [
        ("regression", 10_000, FitPlan(3e-3, "cosine", 40, 40)),
        ("regression", 9_999, FitPlan(1e-3, "plateau", 100, 12)),
        ("binary", 100_000, FitPlan(1e-3, "plateau", 100, 12)),
    ],
)
def test_a_large_regression_has_a_cosine_schedule(task: Task, n_rows: int, expected: FitPlan) -> None:
    assert plan_fit(FitConfig(), of_rows(task, n_rows)) == expected


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ({"learning_rate": 0.1}, FitPlan(0.1, "cosine", 40, 40)),
        ({"schedule": "constant"}, FitPlan(3e-3, "constant", 100, 12)),
        ({"schedule": "plateau", "patience": 3}, FitPlan(3e-3, "plateau", 100, 3)),
        ({"epochs": 7}, FitPlan(3e-3, "cosine", 7, 7)),
        ({"epochs": 7, "patience": 2}, FitPlan(3e-3, "cosine", 7, 2)),
    ],
)
def test_the_configuration_overrides_what_the_data_decides(configured: dict[str, Any], expected: FitPlan) -> None:
    assert plan_fit(FitConfig.model_validate(configured), of_rows("regression", 20_000)) == expected
