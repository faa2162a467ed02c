"""Golden rows: rows as a request would bring them, with the graph's own answers."""

from dataclasses import replace

import numpy as np
import pytest

from app.bundle.manifest import Task
from app.bundle.outputs import decode
from tests.training.releases import SPLITS, make_release
from training.export.runtime import Graph
from training.proof.golden import golden_rows


def test_the_rows_are_spread_over_the_test_split_as_a_request_brings_them() -> None:
    release = make_release()
    columns, rows = release.model.table.columns, release.golden.rows
    assert len(rows) == 16
    for row, position in ((rows[0], 50), (rows[-1], 79)):
        income = columns["income"][position]
        assert row == {
            "age": columns["age"][position],
            "income": None if np.isnan(income) else income,
            "home": columns["home"][position],
            "job title": columns["job title"][position],
        }
    assert any(row["income"] is None for row in rows)
    assert any(row["job title"] is None for row in rows)


def test_few_test_rows_are_each_taken_once() -> None:
    model = make_release().model
    few = golden_rows(replace(model, splits=replace(SPLITS, test=SPLITS.test[:3])))
    assert [row["age"] for row in few.rows] == list(model.table.columns["age"][50:53])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_answers_are_decoded_and_those_of_the_test_split_s_tensors(task: Task) -> None:
    release = make_release(task)
    model = release.model
    target = model.prepared.normalization.target
    every = decode(task, Graph(model.graph).run(model.prepared.test.tensors, 7), target)
    chosen = np.unique(np.linspace(0, 29, 16).astype(int))
    np.testing.assert_allclose(release.golden.expected, every[chosen], atol=1e-6 * (target.mean if target else 1))


def test_the_tolerance_of_a_value_is_in_the_target_s_unit() -> None:
    release = make_release("regression")
    target = release.model.prepared.normalization.target
    assert target is not None
    assert release.golden.tolerance == pytest.approx(1e-4 * target.standard_deviation)
    assert make_release("binary").golden.tolerance == 1e-4
