import numpy as np
import pytest

from app.bundle.manifest import Task
from app.bundle.score_bins import ScoreBins, ScoreReference, scores


@pytest.mark.parametrize(
    ("task", "decoded", "found"),
    [
        ("binary", [[0.2, 0.8], [0.7, 0.3]], [0.8, 0.3]),
        ("regression", [[5.0], [7.0]], [5.0, 7.0]),
        ("multiclass", [[0.2, 0.7, 0.1], [0.6, 0.3, 0.1]], [1, 0]),
    ],
)
def test_the_score_of_each_task(task: Task, decoded: list[list[float]], found: list[float]) -> None:
    assert scores(task, np.array(decoded)).tolist() == found


def test_scores_are_counted_between_the_reference_s_edges() -> None:
    probability = np.linspace(0, 1, 101)
    decoded = np.stack([1 - probability, probability], axis=1)
    reference = ScoreBins.fit(decoded, "binary", ("good", "bad"))
    bins = ScoreBins(reference, "binary", ("good", "bad"))
    assert bins.count(decoded).tolist() == list(reference.counts)
    assert bins.count(decoded[[0, -1]]).tolist() == [1, *[0] * (len(reference.counts) - 2), 1]


def test_labels_have_a_bin_each_met_or_not() -> None:
    reference = ScoreBins.fit(np.eye(3)[[0, 0, 1]], "multiclass", ("red", "green", "blue"))
    bins = ScoreBins(reference, "multiclass", ("red", "green", "blue"))
    assert [(counted.label, counted.expected) for counted in bins.bins] == [("=red", 2), ("=green", 1), ("=blue", 0)]
    assert bins.count(np.eye(3)[[2, 2, 0]]).tolist() == [1, 0, 2]


def test_a_bin_for_each_label_is_needed() -> None:
    with pytest.raises(ValueError, match="zip"):
        ScoreBins(ScoreReference(edges=(1.0,), counts=(1, 1)), "multiclass", ("red", "green", "blue"))
