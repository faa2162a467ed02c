"""The importance of a feature is what the metric loses without it."""

from dataclasses import replace

import numpy as np
import pytest

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from tests.training.releases import make_release
from training.evaluation.importance import Importance, permutation_importances


def found(task: Task, missing_age: bool = False) -> list[Importance]:
    """Return the importances of a release whose target is what its own graph answers."""
    model = make_release(task).model
    if missing_age:
        model.table.columns["age"][:] = 40.0  # type: ignore[index]
    preprocessor = model.prepared.preprocessor
    answers = model.answer(preprocessor.normalize(preprocessor.vectorize(model.table.columns)))
    target = answers[:, 0] if task == "regression" else decide(answers)
    table = replace(model.table, target=np.asarray(target))
    return permutation_importances(replace(model, table=table), seed=1)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_feature_has_its_importance_the_largest_first(task: Task) -> None:
    result = found(task)
    assert {one.feature for one in result} == {"age", "income", "home", "job title"}
    drops = [one.drop for one in result]
    assert drops == sorted(drops, reverse=True)
    assert drops[0] > 0


def test_a_feature_of_equal_cells_loses_nothing_when_they_change_rows() -> None:
    (age,) = [one for one in found("regression", missing_age=True) if one.feature == "age"]
    assert (age.drop, age.deviation) == (0.0, 0.0)
