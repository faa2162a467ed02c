"""Decoding the graph's output to probabilities, values and labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.normalization import TargetStatistics
from app.bundle.outputs import decide, decode, is_finite


def float32(rows: list[list[float]]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_a_binary_output_is_the_second_label_s_probability() -> None:
    decoded = decode("binary", {"probability": float32([[0.25], [1.0]])}, None)
    assert decoded.dtype == np.float64
    assert decoded.tolist() == [[0.75, 0.25], [0.0, 1.0]]


def test_multiclass_probabilities_sum_to_one_and_leave_the_output_as_it_is() -> None:
    output = float32([[0.2, 0.3, 0.4999], [1, 0, 0]])
    before = output.copy()
    decoded = decode("multiclass", {"probabilities": output}, None)
    assert decoded.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-15)
    np.testing.assert_array_equal(output, before)


def test_a_regression_answers_in_the_target_s_unit() -> None:
    decoded = decode("regression", {"value": float32([[-1], [0.5]])}, TargetStatistics(mean=100, standard_deviation=20))
    assert decoded.tolist() == [[80.0], [110.0]]


def test_a_regression_without_target_statistics_is_refused() -> None:
    with pytest.raises(ValueError, match="received none"):
        decode("regression", {"value": float32([[0]])}, None)


@pytest.mark.parametrize(
    ("probabilities", "label"),
    [([0.6, 0.4], 0), ([0.5, 0.5], 1), ([0.4, 0.6], 1), ([0.2, 0.5, 0.3], 1), ([0.4, 0.4, 0.2], 0)],
)
def test_the_most_probable_label_is_chosen(probabilities: list[float], label: int) -> None:
    assert decide(np.array([probabilities])).tolist() == [label]


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20), st.floats(0, 1))
def test_a_single_row_is_decoded_and_decided_as_in_a_batch(probabilities: list[float], threshold: float) -> None:
    output = float32([[probability] for probability in probabilities])
    decoded = decode("binary", {"probability": output}, None)
    alone = [decode("binary", {"probability": output[row : row + 1]}, None) for row in range(len(output))]
    assert np.concatenate(alone).tobytes() == decoded.tobytes()
    labels = np.concatenate([decide(row, threshold) for row in alone])
    assert labels.tolist() == decide(decoded, threshold).tolist()


@pytest.mark.parametrize("n_rows", [1, 1000])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_single_value_that_is_not_finite_is_detected(n_rows: int, value: float) -> None:
    decoded = np.ones((n_rows, 2))
    assert is_finite(decoded)
    decoded[-1, 1] = value
    assert not is_finite(decoded)


def test_the_shared_label_of_a_single_row_is_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        decide(np.array([[0.4, 0.6]]))[0] = 0
