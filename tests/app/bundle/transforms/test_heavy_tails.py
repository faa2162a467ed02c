"""Which tails are heavy, and the normal scores of such numbers."""

from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from app.bundle.transforms.heavy_tails import MAX_KNOTS, NormalScores, has_heavy_tails, normal_scores
from app.bundle.transforms.number import NumberFeature, NumberTransform

RANDOM = np.random.default_rng(1)
NORMAL = RANDOM.normal(size=5_000)


def heavy(values: NDArray[np.float64]) -> bool:
    fitted = NumberTransform.fit(NumberFeature(name="x", nullable=False), values)
    return has_heavy_tails(values, fitted.mean, fitted.standard_deviation)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("normal", NORMAL, False),
        ("exponential", RANDOM.exponential(size=5_000), False),
        ("lognormal", np.exp(NORMAL), True),
        ("lognormal, far below zero", -np.exp(2 * NORMAL), True),
        ("one typing error", np.append(NORMAL, 40.0), False),
        ("two values", np.repeat([0.0, 1.0], [2_500, 2_500]), False),
        ("equal, and so large that their mean rounds", np.full(45, 3.602879701896489e16), False),
        ("a range that overflows", np.repeat([-1.7e308, 0.0, 1.7e308], [1, 2_000, 1]), False),
    ],
)
def test_tails_are_heavy_where_few_numbers_make_the_deviation(
    name: str, values: NDArray[np.float64], expected: bool
) -> None:
    assert heavy(values) is expected, name


def test_scores_of_many_numbers_are_near_the_normal_quantiles_of_their_ranks() -> None:
    curve = normal_scores(np.exp(3 * NORMAL))
    assert len(curve.values) <= MAX_KNOTS
    found = np.interp(np.exp(3 * NORMAL), curve.values, curve.scores)
    ranks = (NORMAL.argsort().argsort() + 0.5) / len(NORMAL)
    expected = np.array([NormalDist().inv_cdf(rank) for rank in ranks.tolist()])
    inner = np.abs(expected) < 2
    assert np.abs(found - expected)[inner].max() < 0.05
    assert found.max() == pytest.approx(expected.max())


def test_equal_numbers_share_the_middle_of_their_ranks() -> None:
    curve = normal_scores(np.repeat([0.0, 5.0, 9.0], [6, 2, 2]))
    assert curve.values == (0, 5, 9)
    assert curve.scores == pytest.approx([NormalDist().inv_cdf(rank) for rank in (0.3, 0.7, 0.9)])


@pytest.mark.parametrize(
    ("values", "scores", "message"),
    [((1, 1), (0, 1), "must ascend"), ((1, 2), (1, 0), "must ascend"), ((1, 2), (0,), "each value needs a score")],
)
def test_a_curve_that_does_not_ascend_is_refused(
    values: tuple[float, ...], scores: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        NormalScores(values=values, scores=scores)
