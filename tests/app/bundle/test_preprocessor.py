"""All kinds together: rows to tensors, and statistics of the rows that were given."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.errors import BundleError
from app.bundle.normalization import Normalization
from app.bundle.preprocessor import Preprocessor, concatenate, fit
from app.bundle.transforms import Feature, TensorType
from app.bundle.transforms.category import CategoryFeature, CategoryStatistics
from app.bundle.transforms.number import NumberFeature

FEATURES: tuple[Feature, ...] = (
    CategoryFeature(name="home", nullable=True),
    NumberFeature(name="age", nullable=False),
    NumberFeature(name="income", nullable=True),
)
COLUMNS: dict[str, list[Any]] = {
    "home": ["rent", "rent", "owner", None],
    "age": [20.0, 30.0, 40.0, 50.0],
    "income": [100.0, None, 300.0, 500.0],
}
PREPROCESSOR = Preprocessor(FEATURES, fit(FEATURES, COLUMNS))

rows = st.lists(
    st.fixed_dictionaries(
        {"age": st.floats(allow_nan=False, allow_infinity=False)},
        optional={
            "home": st.none() | st.text(),
            "income": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        },
    ),
    min_size=1,
    max_size=10,
)


def tensors(rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    return PREPROCESSOR.normalize(PREPROCESSOR.vectorize(PREPROCESSOR.columns(rows)))


def test_tensors_are_named_by_kind_and_as_wide_as_their_transforms() -> None:
    found = tensors([{"age": 20.0, "home": "rent"}])
    assert {name: (tensor.shape, tensor.dtype) for name, tensor in found.items()} == {
        "number": ((1, 3), np.float32),
        "category": ((1, 1), np.int32),
    }
    assert PREPROCESSOR.tensors == {"number": TensorType("float32", (3,)), "category": TensorType("int32", (1,))}


@given(rows)
def test_any_row_gives_finite_tensors_alike_alone_and_in_a_batch(rows: list[Mapping[str, Any]]) -> None:
    batch = tensors(rows)
    assert all(np.isfinite(tensor).all() for tensor in batch.values())
    for index, row in enumerate(rows):
        for name, tensor in tensors([row]).items():
            np.testing.assert_array_equal(tensor[0], batch[name][index])


@given(rows)
def test_rows_and_columns_vectorize_alike(rows: list[Mapping[str, Any]]) -> None:
    by_columns = PREPROCESSOR.vectorize(PREPROCESSOR.columns(rows))
    by_rows = PREPROCESSOR.vectorize_rows([[row.get(feature.name) for feature in FEATURES] for row in rows])
    for kind, raw in by_columns.items():
        np.testing.assert_array_equal(raw, by_rows[kind])


def test_warnings_name_the_value_that_was_sent() -> None:
    sent = [{"age": 20.0, "home": "rent"}, {"age": 1e300, "home": "castle"}]
    cells = [[row.get(feature.name) for feature in FEATURES] for row in sent]
    warnings = PREPROCESSOR.warnings(PREPROCESSOR.vectorize_rows(cells), lambda row, position: cells[row][position])
    found = [(row, warning.message[:8]) for row, warning in warnings]
    assert sorted(found) == [(1, "'castle'"), (1, "1e+300 i")]


def test_raw_rows_of_several_requests_normalize_as_one_batch() -> None:
    first: list[Mapping[str, Any]] = [{"age": 20.0}]
    second: list[Mapping[str, Any]] = [{"age": 30.0, "home": "owner"}, {"age": None}]
    raw = concatenate([PREPROCESSOR.vectorize(PREPROCESSOR.columns(rows)) for rows in (first, second)])
    for name, tensor in PREPROCESSOR.normalize(raw).items():
        np.testing.assert_array_equal(tensor, tensors([*first, *second])[name])


def test_the_order_of_a_row_s_keys_does_not_matter() -> None:
    straight, turned = {"home": "rent", "age": 1.0, "income": 2.0}, {"income": 2.0, "age": 1.0, "home": "rent"}
    for name, tensor in tensors([straight]).items():
        np.testing.assert_array_equal(tensor, tensors([turned])[name])


def test_statistics_survive_the_bundle_to_the_last_bit() -> None:
    normalization = fit(FEATURES, {**COLUMNS, "age": [0.1, 1 / 3, 1e-300, 1e300]})
    assert Normalization.model_validate_json(normalization.model_dump_json()) == normalization


def test_a_feature_without_statistics_is_refused() -> None:
    fitted = fit(FEATURES, COLUMNS).features
    without = Normalization(features={name: statistics for name, statistics in fitted.items() if name != "age"})
    with pytest.raises(BundleError, match="'age' needs statistics of a number, found none"):
        Preprocessor(FEATURES, without)


def test_statistics_of_another_kind_are_refused() -> None:
    fitted = {**fit(FEATURES, COLUMNS).features, "age": CategoryStatistics(categories=())}
    with pytest.raises(BundleError, match="found statistics of a category"):
        Preprocessor(FEATURES, Normalization(features=fitted))
