"""The calibration that wins on rows left out of its fit."""

import numpy as np
import pytest
from sklearn import metrics as sk

from app.bundle.calibration import Calibration
from training.evaluation.calibration import (
    MIN_ROWS,
    calibrated_tolerance,
    choose_calibration,
    fit_isotonic,
    fit_temperature,
)


def drawn(n_rows: int, temperature: float = 1.0, n_labels: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels by their true probabilities, and what a network says that is too sure of itself by the temperature."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (n_rows, n_labels))
    true = softmax(logits)
    truth = (random.random((n_rows, 1)) < true.cumsum(axis=1)).argmax(axis=1)
    return softmax(temperature * logits), truth


def softmax(logits: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


@pytest.mark.parametrize("n_labels", [2, 4])
@pytest.mark.parametrize("temperature", [0.5, 2.5])
def test_the_temperature_of_an_overconfident_or_timid_network_is_found(n_labels: int, temperature: float) -> None:
    probabilities, truth = drawn(4000, temperature, n_labels)
    assert fit_temperature(probabilities, truth).temperature == pytest.approx(temperature, rel=0.1)


@pytest.mark.parametrize(("task", "n_labels"), [("binary", 2), ("multiclass", 3)])
def test_a_temperature_wins_where_the_logits_are_too_large(task: str, n_labels: int) -> None:
    probabilities, truth = drawn(1000, 2.5, n_labels)
    calibrated = choose_calibration(task, probabilities, truth, seed=1)  # type: ignore[arg-type]
    assert calibrated.chosen is not None
    assert calibrated.chosen.method == "temperature"
    assert calibrated.losses["temperature"] < calibrated.losses["none"]
    assert ("isotonic" in calibrated.losses) == (task == "binary")


def test_isotonic_wins_where_no_temperature_can_help() -> None:
    random = np.random.default_rng(0)
    predicted = random.random(4000)
    truth = (random.random(4000) < np.where(predicted < 0.5, 0.1, 0.35)).astype(np.int64)
    probabilities = np.stack([1 - predicted, predicted], axis=1)
    calibrated = choose_calibration("binary", probabilities, truth, seed=1)
    assert calibrated.chosen is not None
    assert calibrated.chosen.method == "isotonic"


@pytest.mark.parametrize("seed", range(5))
def test_nothing_wins_by_remembering_rows_where_the_probabilities_are_right(seed: int) -> None:
    probabilities, truth = drawn(1000, seed=seed)
    calibrated = choose_calibration("binary", probabilities, truth, seed=1)
    assert calibrated.losses.keys() == {"none", "temperature", "isotonic"}
    assert calibrated.chosen is None


def test_isotonic_is_not_tried_on_fewer_rows_than_it_needs() -> None:
    probabilities, truth = drawn(900, 2.5)
    assert choose_calibration("binary", probabilities, truth, seed=1).losses.keys() == {"none", "temperature"}


def test_nothing_is_chosen_by_too_few_rows() -> None:
    probabilities, truth = drawn(MIN_ROWS - 1, 3.0)
    assert choose_calibration("binary", probabilities, truth, seed=1).chosen is None


@pytest.mark.parametrize("fit", [fit_temperature, fit_isotonic])
def test_one_label_alone_and_certain_answers_are_borne(fit: object) -> None:
    probabilities = np.array([[1.0, 0.0]] * 60 + [[0.0, 1.0]] * 3)
    calibration: Calibration = fit(probabilities, np.zeros(63, dtype=np.int64))  # type: ignore[operator]
    answers = calibration.calibrator()(probabilities)
    assert ((answers > 0) & (answers < 1)).all()


def test_isotonic_hardly_changes_the_ranking_of_other_rows() -> None:
    probabilities, truth = drawn(2000, 2.5)
    others, other_truth = drawn(2000, 2.5, seed=1)
    after = fit_isotonic(probabilities, truth).calibrator()(others)
    before = sk.roc_auc_score(other_truth, others[:, 1])
    assert sk.roc_auc_score(other_truth, after[:, 1]) == pytest.approx(before, abs=2e-3)


def test_isotonic_is_gentle_where_the_rows_lie_close() -> None:
    truth = np.repeat([0, 1], 100)
    predicted = np.concatenate([np.linspace(0.1, 0.10001, 100), np.linspace(0.10002, 0.10003, 100)])
    calibration = fit_isotonic(np.stack([1 - predicted, predicted], axis=1), truth)
    assert calibration.observed == pytest.approx([0.5])


def test_the_reach_is_that_of_the_steepest_place() -> None:
    probabilities, truth = drawn(4000, 0.5)
    temperature = fit_temperature(probabilities, truth)
    tolerance = calibrated_tolerance(temperature.calibrator(), 0.01)
    assert tolerance == pytest.approx(0.01 / temperature.temperature, rel=0.05)
