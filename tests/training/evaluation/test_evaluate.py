import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.bundle.outputs import decide
from training.evaluation.evaluate import MAX_CURVE_POINTS, CalibrationBin, baseline_predictions, evaluate_predictions

YES_NO = ("no", "yes")
ABC = ("a", "b", "c")


def both(positive: list[float]) -> np.ndarray:
    second = np.array(positive)
    return np.stack([1 - second, second], axis=1)


def test_binary_metrics_are_those_worked_out_by_hand() -> None:
    result = evaluate_predictions("binary", YES_NO, np.array([0, 0, 1, 1, 1]), both([0.2, 0.6, 0.4, 0.7, 0.9]))
    assert result.n_rows == 5
    assert result.confusion == ((1, 1), (1, 2))
    assert result.metrics == pytest.approx(
        {
            "accuracy": 3 / 5,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "f1": 2 / 3,
            "roc_auc": 5 / 6,  # of the six pairs only 0.4 against 0.6 is the wrong way round
            "pr_auc": 1 / 3 * (1 + 1 + 3 / 4),
            "log_loss": -math.log(0.8 * 0.4 * 0.4 * 0.7 * 0.9) / 5,
            "brier": (0.04 + 0.36 + 0.36 + 0.09 + 0.01) / 5,
            "calibration_error": (0.2 + 0.6 + 0.6 + 0.3 + 0.1) / 5,  # five bins of one row
        }
    )


def test_precision_and_recall_are_of_the_second_label() -> None:
    metrics = evaluate_predictions("binary", YES_NO, np.array([0, 0, 0, 1]), both([0.9, 0.1, 0.1, 0.9])).metrics
    assert (metrics["precision"], metrics["recall"]) == (0.5, 1.0)


def test_an_exact_tie_is_decided_as_the_service_decides_it() -> None:
    assert evaluate_predictions("binary", YES_NO, np.array([1]), both([0.5])).confusion == ((0, 0), (0, 1))


def test_perfect_predictions_have_perfect_metrics() -> None:
    metrics = evaluate_predictions("binary", YES_NO, np.array([0, 1, 1]), both([0.0, 1.0, 1.0])).metrics
    for name in ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"):
        assert metrics[name] == 1.0
    assert metrics["brier"] == metrics["calibration_error"] == 0.0
    assert metrics["log_loss"] == pytest.approx(0.0)


def test_a_certain_mistake_has_a_finite_log_loss() -> None:
    metrics = evaluate_predictions("binary", YES_NO, np.array([0, 1]), both([1.0, 1.0])).metrics
    assert math.isfinite(metrics["log_loss"])
    assert metrics["log_loss"] > 10


def test_ranking_metrics_of_a_split_with_one_label_only_are_left_out() -> None:
    metrics = evaluate_predictions("binary", YES_NO, np.array([0, 0]), both([0.2, 0.7])).metrics
    assert metrics.keys() == {"accuracy", "precision", "f1", "log_loss", "brier", "calibration_error"}
    assert metrics["precision"] == metrics["f1"] == 0.0


def test_constant_predictions_rank_nothing_and_have_no_precision() -> None:
    result = evaluate_predictions("binary", YES_NO, np.array([0, 0, 0, 1]), both([0.25] * 4))
    assert "precision" not in result.metrics
    assert result.metrics["recall"] == 0.0
    assert result.metrics["roc_auc"] == 0.5
    assert result.metrics["pr_auc"] == 0.25
    assert result.calibration == (CalibrationBin(0.25, 0.25, 4),)


def test_multiclass_metrics_are_means_over_the_labels() -> None:
    truth = np.array([0, 0, 1, 2])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    result = evaluate_predictions("multiclass", ABC, truth, probabilities)
    assert result.confusion == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert result.metrics["accuracy"] == 3 / 4
    assert result.metrics["macro_precision"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert result.metrics["macro_recall"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert result.metrics["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert result.metrics["log_loss"] == pytest.approx(-math.log(0.8 * 0.3 * 0.7 * 0.7) / 4)
    assert result.metrics["macro_pr_auc"] == 1.0
    assert [one.support for one in result.scores] == [2, 1, 1]


def test_macro_roc_auc_is_that_of_scikit_learn_where_every_label_is_there() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, 60)
    probabilities = random.dirichlet(np.ones(3), 60)
    metrics = evaluate_predictions("multiclass", ABC, truth, probabilities).metrics
    assert metrics["macro_roc_auc"] == pytest.approx(roc_auc_score(truth, probabilities, multi_class="ovr"))


def test_a_label_absent_from_the_split_is_left_out_of_the_means() -> None:
    result = evaluate_predictions("multiclass", ABC, np.array([0, 1]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]))
    absent = result.scores[2]
    assert (absent.support, absent.precision, absent.recall, absent.roc_auc) == (0, None, None, None)
    assert absent.roc == absent.precision_recall == ()
    assert result.metrics["macro_recall"] == result.metrics["macro_roc_auc"] == 1.0


def test_a_label_that_is_never_predicted_has_no_precision_but_lowers_the_mean() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]])
    result = evaluate_predictions("multiclass", ABC, np.array([0, 1]), probabilities)
    assert result.scores[1].precision is None
    assert result.metrics["macro_precision"] == pytest.approx((1 / 2 + 0) / 2)


def test_regression_metrics_are_those_worked_out_by_hand() -> None:
    result = evaluate_predictions("regression", None, np.array([1.0, 2.0, 6.0]), np.array([[1.0], [4.0], [5.0]]))
    assert result.metrics == pytest.approx({"rmse": math.sqrt(5 / 3), "mae": 1.0, "r2": 1 - 5 / 14})
    assert result.residuals is not None
    assert result.residuals.pairs == ((1.0, 1.0), (2.0, 4.0), (6.0, 5.0))
    assert result.residuals.half_within == 1.0
    assert sum(result.residuals.histogram.counts) == 3


def test_r2_of_a_constant_target_is_left_out() -> None:
    metrics = evaluate_predictions("regression", None, np.array([3.0, 3.0]), np.array([[3.0], [4.0]])).metrics
    assert metrics.keys() == {"rmse", "mae"}


def test_calibration_compares_predicted_probability_with_what_happened_bin_by_bin() -> None:
    result = evaluate_predictions("binary", YES_NO, np.array([0, 1, 1, 1]), both([0.11, 0.13, 0.95, 1.0]))
    assert [one.count for one in result.calibration] == [2, 2]
    assert [one.predicted for one in result.calibration] == pytest.approx([0.12, 0.975])
    assert [one.observed for one in result.calibration] == [0.5, 1.0]


def test_curves_of_many_rows_are_thinned_and_keep_their_ends() -> None:
    random = np.random.default_rng(2)
    truth = random.integers(0, 2, 20_000)
    score = evaluate_predictions("binary", YES_NO, truth, both(list(random.random(20_000)))).scores[1]
    assert len(score.roc) <= MAX_CURVE_POINTS
    assert (score.roc[0], score.roc[-1]) == ((0.0, 0.0), (1.0, 1.0))
    assert len(score.precision_recall) <= MAX_CURVE_POINTS
    assert [score.precision_recall[0][0], score.precision_recall[-1][0]] == [0.0, 1.0]


def test_the_baseline_of_labels_answers_their_train_shares_and_decides_for_the_most_frequent() -> None:
    answers = baseline_predictions("multiclass", np.array([1, 1, 0, 1]), 3, 2)
    assert answers.tolist() == [[0.25, 0.75, 0.0]] * 2
    assert decide(answers).tolist() == [1, 1]


def test_the_baseline_of_a_regression_answers_the_train_mean() -> None:
    assert baseline_predictions("regression", np.array([1.0, 4.0]), 1, 3).tolist() == [[2.5]] * 3


@pytest.mark.parametrize("shape", [(3, 3), (2, 2), (3, 1)])
def test_predictions_of_another_shape_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"the shape \(3, 2\), received"):
        evaluate_predictions("binary", YES_NO, np.array([0, 1, 1]), np.full(shape, 0.5))


def test_a_split_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="one row or more"):
        evaluate_predictions("regression", None, np.array([]), np.empty((0, 1)))


def test_predictions_that_are_not_finite_are_refused_with_their_number() -> None:
    with pytest.raises(ValueError, match="1 of 2 rows"):
        evaluate_predictions("regression", None, np.array([1.0, 2.0]), np.array([[1.0], [np.nan]]))
