"""Secants of ReLU, on which explanations rest."""

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_a_secant_is_the_share_of_the_way_that_is_above_zero() -> None:
    from training.explanation.path import _secants

    ends = [(1, 2), (-1, -2), (-1, 3), (3, -1), (0, 0), (2, 2), (-2, -2), (0, 1), (0, -1), (-1e-20, 1e20)]
    points = np.array(ends, dtype=np.float32).T[None]
    expected = [1, 0, 0.75, 0.75, 0, 1, 0, 1, 0, 1]
    np.testing.assert_allclose(_secants(points)[0, 0], expected, atol=1e-7)
