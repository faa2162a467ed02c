"""Metrics by segment are those of the segment's rows, and the gaps are what fairlearn calls so."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from training.evaluation.segments import Gap, Segment, Segmentation, evaluate_segments

N = 400
RANDOM = np.random.default_rng(5)
SEX: list[float | str | None] = ["f"] * 250 + ["m"] * 140 + [None] * 10
TRUTH = RANDOM.integers(0, 2, N)
POSITIVE = np.clip(0.3 + 0.3 * TRUTH + RANDOM.normal(0, 0.25, N) + np.where(np.arange(N) < 250, 0.0, 0.3), 0.01, 0.99)
ANSWERS = np.stack([1 - POSITIVE, POSITIVE], axis=1)
THRESHOLD = 0.6


def binary(answers: NDArray[np.float64] = ANSWERS, sex: list[float | str | None] = SEX) -> Segmentation:
    (found,) = evaluate_segments("binary", {"sex": sex}, TRUTH, answers, THRESHOLD, seed=1)
    return found


def rows(name: str) -> NDArray[np.int64]:
    return np.flatnonzero([cell == name for cell in SEX])


def gaps(found: Segmentation) -> dict[str, Gap]:
    return {one.title: one for one in found.gaps}


def values(one: Segment) -> dict[str, float]:
    return {name: estimate.value for name, estimate in one.estimates.items()}


@pytest.mark.parametrize(("index", "name"), [(0, "f"), (1, "m")])
def test_rates_follow_from_the_segment_s_confusion_matrix(index: int, name: str) -> None:
    one = binary().segments[index]
    mine = rows(name)
    truth, decided = TRUTH[mine], POSITIVE[mine] >= THRESHOLD
    (tn, fp), (fn, tp) = sk.confusion_matrix(truth, decided)
    expected = {
        "positive_rate": truth.mean(),
        "selection_rate": (tp + fp) / len(mine),
        "true_positive_rate": tp / (tp + fn),
        "false_positive_rate": fp / (fp + tn),
        "calibration_gap": POSITIVE[mine].mean() - truth.mean(),
        "accuracy": (tp + tn) / len(mine),
        "roc_auc": sk.roc_auc_score(truth, POSITIVE[mine]),
        "pr_auc": sk.average_precision_score(truth, POSITIVE[mine]),
        "f1": sk.f1_score(truth, decided),
    }
    assert (one.name, one.n_rows) == (name, len(mine))
    assert values(one) == pytest.approx(expected)


def test_every_estimate_lies_in_its_interval_and_a_smaller_group_s_is_wider() -> None:
    women, men, _ = binary().segments
    for name, one in women.estimates.items():
        assert one.low <= one.value <= one.high, name
    for name in ("selection_rate", "accuracy", "calibration_gap"):
        large, small = women.estimates[name], men.estimates[name]
        assert large.high - large.low < small.high - small.low


def test_a_segment_of_few_rows_tells_nothing() -> None:
    missing = binary().segments[2]
    assert (missing.name, missing.is_value, missing.n_rows, dict(missing.estimates)) == ("missing", False, 10, {})


def test_gaps_are_the_differences_and_ratios_of_the_rates() -> None:
    found = binary()
    women, men = (values(one) for one in found.segments[:2])
    told = {title: one.value for title, one in gaps(found).items()}
    assert told == pytest.approx(
        {
            "Demographic parity difference": men["selection_rate"] - women["selection_rate"],
            "Demographic parity ratio": women["selection_rate"] / men["selection_rate"],
            "Ratio for the other label": (1 - men["selection_rate"]) / (1 - women["selection_rate"]),
            "Equal opportunity difference": men["true_positive_rate"] - women["true_positive_rate"],
            "False positive rate difference": men["false_positive_rate"] - women["false_positive_rate"],
            "Calibration difference": abs(men["calibration_gap"] - women["calibration_gap"]),
            "Accuracy difference": abs(men["accuracy"] - women["accuracy"]),
        }
    )


def test_groups_that_are_treated_otherwise_are_beyond_chance() -> None:
    found = gaps(binary())
    assert found["Demographic parity difference"].beyond_chance
    assert found["Demographic parity ratio"].beyond_chance


def test_groups_drawn_at_random_are_beyond_chance_one_time_in_twenty() -> None:
    random = np.random.default_rng(7)
    beyond = 0
    for _ in range(15):
        coins: list[float | str | None] = random.choice(["a", "b"], N).tolist()
        (found,) = evaluate_segments("multiclass", {"coin": coins}, TRUTH, ANSWERS, 0.5, seed=1)
        beyond += gaps(found)["Accuracy difference"].beyond_chance
    assert beyond <= 3


def test_one_group_alone_has_no_gap() -> None:
    assert binary(sex=["f"] * N).gaps == ()


def test_a_group_without_positive_rows_has_no_true_positive_rate_and_no_part_in_its_gap() -> None:
    truth = TRUTH.copy()
    truth[rows("m")] = 0
    (found,) = evaluate_segments("binary", {"sex": SEX}, truth, ANSWERS, THRESHOLD, seed=1)
    men = found.segments[1].estimates
    assert "true_positive_rate" not in men
    assert "roc_auc" not in men
    assert "false_positive_rate" in men
    assert "Equal opportunity difference" not in gaps(found)


def test_where_nobody_is_selected_a_ratio_is_not_told() -> None:
    found = gaps(binary(np.tile([0.9, 0.1], (N, 1))))
    assert found["Demographic parity difference"].value == 0
    assert "Demographic parity ratio" not in found
    assert found["Ratio for the other label"].value == 1


def test_values_are_told_by_their_errors() -> None:
    truth, answers = TRUTH.astype(np.float64), POSITIVE[:, None]
    (found,) = evaluate_segments("regression", {"sex": SEX}, truth, answers, 0.5, seed=1)
    errors = POSITIVE[rows("f")] - truth[rows("f")]
    expected = {"mean_error": errors.mean(), "mae": np.abs(errors).mean(), "rmse": np.sqrt((errors**2).mean())}
    assert values(found.segments[0]) == pytest.approx(expected)
    assert set(gaps(found)) == {"Mean error difference", "MAE difference"}


def test_several_labels_are_told_by_accuracy_and_confidence() -> None:
    (found,) = evaluate_segments("multiclass", {"sex": SEX}, TRUTH, ANSWERS, 0.5, seed=1)
    assert set(found.segments[0].estimates) == {"calibration_gap", "accuracy", "macro_f1", "macro_roc_auc", "log_loss"}


def test_every_column_asked_for_is_told_in_order() -> None:
    found = evaluate_segments("binary", {"sex": SEX, "coin": ["a", "b"] * 200}, TRUTH, ANSWERS, THRESHOLD, seed=1)
    assert [one.column for one in found] == ["sex", "coin"]
