"""The score that is explained, and its slopes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.normalization import TargetStatistics

pytestmark = pytest.mark.tensorflow

TARGET = TargetStatistics(mean=100.0, standard_deviation=20.0)


def between(task: Task, members: NDArray[Any]) -> tuple[float, float, NDArray[np.float64]]:
    """The score, the baseline, and the slopes on the one piece between them."""
    from training.explanation.link import ScoreLink

    ends, slopes = ScoreLink(task, TARGET if task == "regression" else None)(members.astype(np.float32))
    return float(ends["score"][0, 0]), float(ends["baseline"][0, 0]), np.asarray(slopes, dtype=np.float64)[:, 0]


@pytest.mark.parametrize(("task", "n_scores"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_slopes_account_for_the_way_between_two_near_points(task: Task, n_scores: int) -> None:
    first = np.random.default_rng(0).normal(size=(4, n_scores))
    step = np.random.default_rng(1).normal(size=(4, n_scores)) * 0.1
    score, baseline, slopes = between(task, np.stack([first, first + step], axis=1))
    assert abs(score - baseline) > 0.003
    np.testing.assert_allclose((slopes * step).sum(), score - baseline, rtol=2e-3, atol=2e-5)


def test_the_score_is_the_log_odds_of_the_mean_probability() -> None:
    members = np.array([[0.0, 1.0], [0.0, -2.0]])[:, :, None]
    mean = (1 / (1 + np.exp(-members[:, 1, 0]))).mean()
    score, baseline, _ = between("binary", members)
    assert score == pytest.approx(np.log(mean / (1 - mean)), abs=1e-6)
    assert baseline == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_most_certain_probabilities_have_finite_log_odds(sign: int) -> None:
    score, _, slopes = between("binary", sign * np.array([[30.0, 500.0]] * 2)[:, :, None])
    assert np.isfinite(slopes).all()
    assert 60 < sign * score < 80
    score, _, slopes = between("multiclass", np.array([[[30.0, 0, 0], [500.0, 0, 0]]] * 2))
    assert np.isfinite(slopes).all()
    assert 60 < score < 80
