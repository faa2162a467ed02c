"""Numbers: statistics a feature, standardized values, indicators of what is missing."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.bundle.transforms.number import CLIP, NumberFeature, NumberStatistics, NumberTransform

finite = st.floats(allow_nan=False, allow_infinity=False)
cells = st.lists(st.none() | finite, min_size=1, max_size=20)
AGE = NumberFeature(name="age", nullable=False)
INCOME = NumberFeature(name="income", nullable=True, missing_values=(-1.0,))
HEAVY = np.exp(3 * np.random.default_rng(0).normal(size=1001)).tolist()


def transform(*columns: tuple[NumberFeature, list[Any]]) -> NumberTransform:
    features = [feature for feature, _ in columns]
    return NumberTransform(features, [NumberTransform.fit(feature, column) for feature, column in columns])


def normalized(numbers: NumberTransform, *columns: list[Any]) -> Any:
    return numbers.normalize(numbers.vectorize(columns))["number"]


def test_statistics_are_those_of_the_cells_that_hold_a_number() -> None:
    fitted = NumberTransform.fit(INCOME, [1.0, None, 3.0, -1.0, 8.0])
    assert fitted == NumberStatistics(mean=4, standard_deviation=np.std([1, 3, 8]), median=3, minimum=1, maximum=8)


def test_a_feature_without_a_number_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="'income' needs at least one number"):
        NumberTransform.fit(INCOME, [None, -1.0])


def test_each_feature_is_standardized_by_its_own_statistics() -> None:
    small, large = [1.0, 2.0, 3.0], [1000.0, 2000.0, 3000.0]
    numbers = transform((AGE, small), (NumberFeature(name="debt", nullable=False), large))
    tensor = normalized(numbers, small, large)
    assert tensor[:, 0] == pytest.approx([-1.2247449, 0, 1.2247449])
    assert tensor[:, 1] == pytest.approx(tensor[:, 0])


def test_missing_cells_take_the_median_and_raise_their_indicator() -> None:
    numbers = transform((AGE, [10.0, 20.0, 60.0]), (INCOME, [5.0, 7.0, 9.0]))
    tensor = normalized(numbers, [20.0, 20.0, None], [7.0, -1.0, None])
    median = (20.0 - 30.0) / float(np.std([10, 20, 60]))
    assert numbers.tensors["number"].shape == (3,)
    np.testing.assert_allclose(tensor, [[median, 0, 0], [median, 0, 1], [median, 0, 1]], rtol=1e-6)


def test_a_column_constant_in_training_has_no_rounding_noise_for_a_deviation() -> None:
    column = [0.1] * 1000
    assert np.std(column) > 0, "the mean of equal numbers rounds"
    assert NumberTransform.fit(AGE, column).standard_deviation == 1.0


def test_a_number_with_heavy_tails_is_its_normal_scores_between_the_ends_and_level_beyond() -> None:
    numbers = transform((AGE, [1.0, 2.0, 3.0]), (INCOME, HEAVY))
    tensor = normalized(numbers, [2.0] * 5, [1e300, max(HEAVY), float(np.median(HEAVY)), None, 0.0])
    largest = NormalDist().inv_cdf(1 - 0.5 / len(HEAVY))
    np.testing.assert_allclose(tensor[:, 0], 0, atol=1e-7)
    np.testing.assert_allclose(tensor[:, 1], [largest, largest, 0, 0, -largest], atol=1e-3)
    assert tensor[:, 2].tolist() == [0, 0, 0, 1, 0]


@given(sent=cells)
def test_a_number_with_heavy_tails_is_finite_and_known_to_be_ordinary_where_it_is(sent: list[float | None]) -> None:
    numbers = transform((INCOME, HEAVY))
    raw = numbers.vectorize([[cell if cell is None else cell % (2 * max(HEAVY)) for cell in sent]])
    tensor = numbers.normalize(raw)["number"]
    assert np.abs(tensor).max() < CLIP
    if numbers.ordinary(raw):
        np.testing.assert_array_equal(numbers.normalize(raw, ordinary=True)["number"], tensor)


def test_values_stop_growing_at_the_clip() -> None:
    numbers = transform((AGE, [0.0, 1.0]))
    assert normalized(numbers, [1e300, -1e300]).tolist() == [[CLIP], [-CLIP]]


@example(fitted=[1.8014398509481996e16], sent=[0.0])  # the mean swallows a bound that is near it
@example(fitted=[-1.7e308, -1.6e308], sent=[1.7e308])
@given(fitted=st.lists(finite, min_size=1, max_size=20), sent=cells)
def test_any_finite_or_missing_cell_gives_a_finite_tensor(fitted: list[float], sent: list[float | None]) -> None:
    numbers = transform((NumberFeature(name="any", nullable=True), fitted))
    tensor = normalized(numbers, sent)
    assert tensor.shape == (len(sent), 2)
    assert tensor.dtype == np.float32
    assert np.isfinite(tensor).all()
    assert np.abs(tensor).max() <= CLIP


@given(fitted=st.lists(finite, min_size=1, max_size=20))
def test_statistics_of_any_finite_column_are_finite_and_ordered(fitted: list[float]) -> None:
    found = NumberTransform.fit(AGE, fitted)
    assert found.minimum <= found.median <= found.maximum
    assert found.standard_deviation > 0


@given(sent=cells)
def test_a_row_is_normalized_alike_alone_and_in_a_batch(sent: list[float | None]) -> None:
    numbers = transform((INCOME, [1.0, 2.0, 4.0]))
    alone = [normalized(numbers, [cell])[0] for cell in sent]
    np.testing.assert_array_equal(normalized(numbers, sent), alone)


def test_the_columns_given_are_left_as_they_are() -> None:
    column = np.array([1.0, -1.0, 3.0])
    numbers = transform((INCOME, [1.0, 2.0]))
    numbers.normalize(numbers.vectorize([column]))
    assert column.tolist() == [1.0, -1.0, 3.0]


@pytest.mark.parametrize(("value", "warned"), [(15.0, False), (15.1, True), (-5.0, False), (-5.1, True)])
def test_a_number_farther_out_than_half_the_range_is_warned_of(value: float, warned: bool) -> None:
    numbers = transform((AGE, [0.0, 10.0]))
    found = list(numbers.warnings(numbers.vectorize([[5.0, value]]), lambda *_: None))
    assert [(row, warning.feature, warning.rule) for row, warning in found] == (
        [(1, "age", "out_of_range")] if warned else []
    )


def test_a_missing_number_is_not_warned_of() -> None:
    numbers = transform((INCOME, [0.0, 10.0]))
    assert list(numbers.warnings(numbers.vectorize([[None]]), lambda *_: None)) == []


@example(fitted=[0.0] * 19 + [1.0], sent=[1.5])  # within the range, beyond the clip
@example(fitted=[-1.7e308, 1.7e308], sent=[0.0])
@given(fitted=st.lists(finite, min_size=1, max_size=20), sent=cells)
def test_what_is_known_to_be_ordinary_normalizes_alike_and_warns_of_nothing(
    fitted: list[float], sent: list[float | None]
) -> None:
    for feature in (AGE, INCOME):
        numbers = transform((feature, [*fitted, 0.0]))
        raw = numbers.vectorize([[cell for cell in sent if feature.nullable or cell is not None]])
        raw = np.clip(raw, min(fitted), max(fitted)) if len(sent) % 2 else raw
        if numbers.ordinary(raw):
            known, unknown = numbers.normalize(raw, ordinary=True), numbers.normalize(raw)
            np.testing.assert_array_equal(known["number"], unknown["number"])
            assert not list(numbers.warnings(raw, lambda *_: None))


def test_what_training_saw_is_ordinary_and_a_missing_or_far_number_is_not() -> None:
    numbers = transform((INCOME, [0.0, 10.0]))
    assert numbers.ordinary(numbers.vectorize([[0.0, 10.0, 15.0]]))
    assert not numbers.ordinary(numbers.vectorize([[5.0, None]]))
    assert not numbers.ordinary(numbers.vectorize([[5.0, 15.1]]))


@given(fitted=st.lists(finite, min_size=1, max_size=20), sent=finite)
def test_a_row_is_ordinary_alone_where_a_batch_of_its_likes_is(fitted: list[float], sent: float) -> None:
    """Few cells and many are compared in different ways."""
    numbers = transform((AGE, fitted))
    alone = numbers.vectorize([[sent]])
    assert numbers.ordinary(alone) == numbers.ordinary(np.repeat(alone, 100, axis=0))


@pytest.mark.parametrize("fitted", [[1.0, 2.0, 7.0], HEAVY])
@given(sent=st.lists(finite, min_size=1, max_size=200))
def test_a_lone_row_s_tensor_is_its_row_of_the_batch_s_to_the_last_bit(fitted: list[float], sent: list[float]) -> None:
    numbers = transform((AGE, fitted))
    batch = numbers.vectorize_rows([(number,) for number in sent])
    whole = numbers.normalize(batch)["number"]
    alone = [numbers.normalize(batch[row : row + 1])["number"] for row in range(len(sent))]
    assert np.concatenate(alone).tobytes() == whole.tobytes()
