"""Normalization: what is fitted comes from the train split alone, and every split is treated alike."""

from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from app.bundle.preprocessor import fit
from app.bundle.transforms.number import NumberStatistics
from tests.training.tables import FEATURES, make_splits, make_table
from training.data.normalize import prepare, tensors_from_rows
from training.data.table import Splits, take_rows
from training.errors import InputError

SPLITS = make_splits()


def test_statistics_are_those_of_the_train_rows() -> None:
    table = make_table("binary")
    assert prepare(table, SPLITS).normalization == fit(FEATURES, take_rows(table.columns, SPLITS.train))


def test_rows_of_other_splits_change_no_statistic() -> None:
    table = make_table("regression")
    before = prepare(table, SPLITS).normalization
    columns: Any = table.columns
    for rows in (SPLITS.validation, SPLITS.test):
        columns["age"][rows] = 1e6
        table.target[rows] = -1e6
        for row in rows:
            columns["home"][row] = "tent"
    assert prepare(table, SPLITS).normalization == before


@pytest.mark.parametrize(
    ("task", "dtype", "shape"),
    [("binary", np.float32, (160, 1)), ("multiclass", np.int32, (160,)), ("regression", np.float32, (160, 1))],
)
def test_targets_have_the_form_that_their_loss_reads(task: Task, dtype: type, shape: tuple[int, ...]) -> None:
    targets = prepare(make_table(task), SPLITS).train.targets
    assert targets.dtype == dtype
    assert targets.shape == shape


def test_labels_stay_the_indices_that_they_were() -> None:
    table = make_table("multiclass")
    prepared = prepare(table, SPLITS)
    assert prepared.test.targets.tolist() == table.target[SPLITS.test].tolist()
    assert prepared.normalization.target is None


def test_a_regression_target_is_standardized_by_the_train_rows() -> None:
    table = make_table("regression")
    prepared = prepare(table, SPLITS)
    assert prepared.train.targets.mean() == pytest.approx(0, abs=1e-6)
    assert prepared.train.targets.std() == pytest.approx(1, abs=1e-6)
    statistics = prepared.normalization.target
    assert statistics is not None
    back = prepared.test.targets[:, 0] * statistics.standard_deviation + statistics.mean
    assert back == pytest.approx(table.target[SPLITS.test], rel=1e-5)


def test_a_huge_target_is_standardized_without_overflow() -> None:
    table = make_table("regression")
    table.target[:] *= 1e300
    assert np.isfinite(prepare(table, SPLITS).train.targets).all()


def test_a_target_constant_in_the_train_rows_has_the_deviation_one() -> None:
    table = make_table("regression")
    table.target[SPLITS.train] = 0.1
    statistics = prepare(table, SPLITS).normalization.target
    assert statistics is not None
    assert statistics.mean == pytest.approx(0.1)
    assert statistics.standard_deviation == 1.0


def test_a_number_without_value_in_the_train_rows_is_bad_input() -> None:
    table = make_table("binary")
    columns: Any = table.columns
    columns["income"][SPLITS.train] = np.nan
    with pytest.raises(InputError, match="'income' needs at least one number in the train split"):
        prepare(table, SPLITS)


def test_each_split_s_tensors_are_those_that_the_service_would_make_of_its_rows() -> None:
    table = make_table("binary")
    splits = Splits(SPLITS.train, SPLITS.validation, SPLITS.test[:4])
    prepared = prepare(table, splits)
    columns = take_rows(table.columns, splits.test)
    rows = [
        {"age": age, "home": home, "income": None if np.isnan(income) else income}
        for age, home, income in zip(columns["age"], columns["home"], columns["income"], strict=True)
    ]
    for kind, tensor in tensors_from_rows(rows, prepared.preprocessor).items():
        np.testing.assert_array_equal(tensor, prepared.test.tensors[kind])


def test_the_table_is_left_as_it_is() -> None:
    table, untouched = make_table("regression"), make_table("regression")
    prepare(table, SPLITS)
    np.testing.assert_array_equal(table.target, untouched.target)
    for name, column in table.columns.items():
        np.testing.assert_array_equal(column, untouched.columns[name])


def test_number_statistics_stay_those_of_each_feature() -> None:
    fitted = prepare(make_table("binary"), SPLITS).normalization.features
    age, income = fitted["age"], fitted["income"]
    assert isinstance(age, NumberStatistics)
    assert isinstance(income, NumberStatistics)
    assert 18 <= age.minimum < age.mean < age.maximum <= 80
    assert 1500 < income.mean < 2500
