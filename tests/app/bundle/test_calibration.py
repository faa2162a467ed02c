"""Calibration of a bundle's probabilities."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.bundle.calibration import MAX_SLOPE, Isotonic, Temperature


def two_labels(positive: list[float]) -> np.ndarray:
    column = np.array(positive)[:, None]
    return np.concatenate([1 - column, column], axis=1)


def test_a_temperature_divides_the_logits() -> None:
    logits = np.array([[0.3, -1.2, 2.0], [0.0, 0.0, 1.0]])
    before = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    after = np.exp(logits / 1.7) / np.exp(logits / 1.7).sum(axis=1, keepdims=True)
    assert Temperature(temperature=1.7).calibrator()(before) == pytest.approx(after, abs=1e-4)


@given(
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20, unique=True),
    st.floats(0.25, 4),
)
def test_a_temperature_keeps_the_order_of_rows_and_sums_to_one(positive: list[float], temperature: float) -> None:
    calibrated = Temperature(temperature=temperature).calibrator()(two_labels(sorted(positive)))
    assert (np.diff(calibrated[:, 1]) >= 0).all()
    assert calibrated.sum(axis=1) == pytest.approx(np.ones(len(positive)))


def test_a_probability_rounded_to_certainty_becomes_less_certain() -> None:
    calibrated = Temperature(temperature=2.0).calibrator()(two_labels([0.0, 1.0]))
    assert 0 < calibrated[0, 1] < 0.01
    assert 0.99 < calibrated[1, 1] < 1


@pytest.mark.parametrize("temperature", [0.25, 2.0, 4.0])
def test_rounding_differences_near_zero_stay_below_the_golden_tolerance(temperature: float) -> None:
    calibrated = Temperature(temperature=temperature).calibrator()(two_labels([0.0, 5e-8]))
    assert calibrated[1, 1] - calibrated[0, 1] < 1e-4


def test_isotonic_interpolates_between_its_points_and_is_constant_beyond_them() -> None:
    calibrator = Isotonic(predicted=(0.2, 0.6), observed=(0.1, 0.5)).calibrator()
    assert calibrator(two_labels([0.0, 0.2, 0.4, 0.6, 1.0]))[:, 1] == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.5])
    assert calibrator(two_labels([0.4])).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "points",
    [
        {"predicted": (0.2, 0.2), "observed": (0.1, 0.5)},
        {"predicted": (0.2, 0.6), "observed": (0.5, 0.1)},
        {"predicted": (0.2,), "observed": (0.1, 0.5)},
        {"predicted": (0.2, 0.2 + 0.1 / MAX_SLOPE), "observed": (0.1, 0.5)},
        {"predicted": (0.2, 1.5), "observed": (0.1, 0.5)},
    ],
)
def test_points_that_fall_or_rise_too_steeply_are_refused(points: Any) -> None:
    with pytest.raises(ValidationError):
        Isotonic(**points)
