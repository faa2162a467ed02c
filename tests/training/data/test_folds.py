"""Folds: each row outside the test split is in the test split of one fold."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from tests.training.tables import make_splits, make_table
from training.config import Config
from training.data.folds import draw_folds, summarize_folds
from training.errors import InputError


def config(folds: int | None = 5, **options: Any) -> Config:
    return Config.model_validate({"validation": {"folds": folds}, **options})


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_folds_are_the_rows_outside_the_test_split_and_disjoint(task: Task) -> None:
    splits = make_splits()
    folds = draw_folds(make_table(task), splits, config())
    judged = np.concatenate([one.test for one in folds])
    assert sorted(judged) == sorted([*splits.train, *splits.validation])
    sizes = [len(one.test) for one in folds]
    assert max(sizes) - min(sizes) <= 1
    for one in folds:
        assert sorted([*one.train, *one.validation, *one.test]) == sorted(judged)
        assert len(one.validation) == pytest.approx(len(splits.validation) * 4 / 5, abs=3)


def test_every_fold_has_every_label_alike() -> None:
    table = make_table("multiclass")
    rows = np.bincount(table.target[np.concatenate([make_splits().train, make_splits().validation])])
    for one in draw_folds(table, make_splits(), config()):
        np.testing.assert_allclose(np.bincount(table.target[one.test]), rows / 5, atol=1)


def test_the_seed_decides_the_folds() -> None:
    first, again, other = (draw_folds(make_table("binary"), make_splits(), config(seed=seed)) for seed in (1, 1, 2))
    assert [one.test.tolist() for one in first] == [one.test.tolist() for one in again]
    assert [one.test.tolist() for one in first] != [one.test.tolist() for one in other]


def test_without_configuration_there_are_none() -> None:
    assert draw_folds(make_table("binary"), make_splits(), config(None)) == []


@pytest.mark.parametrize("key", ["time", "column"])
def test_rows_that_cannot_be_drawn_are_bad_input(key: str) -> None:
    with pytest.raises(InputError, match=rf"validation\.folds: .* cannot respect split\.{key}"):
        draw_folds(make_table("binary"), make_splits(), config(split={key: "day"}))


def test_a_label_with_fewer_rows_than_folds_is_bad_input() -> None:
    table = make_table("binary")
    target = np.zeros_like(table.target)
    target[:3] = 1
    with pytest.raises(InputError, match="'bad' has 3 outside the test split, received 5"):
        draw_folds(replace(table, target=target), make_splits(), config())


def test_fewer_rows_than_folds_are_bad_input() -> None:
    with pytest.raises(InputError, match="180 rows outside the test split, received 181"):
        draw_folds(make_table("regression"), make_splits(), config(181))


def test_metrics_are_told_by_mean_and_sample_deviation_where_all_folds_define_them() -> None:
    result = summarize_folds([{"f1": 0.5, "r2": 1.0}, {"f1": 0.7}])
    assert result.folds == 2
    assert result.metrics.keys() == {"f1"}
    assert result.metrics["f1"].mean == pytest.approx(0.6)
    assert result.metrics["f1"].deviation == pytest.approx(0.2 / 2**0.5)
