"""The encoder of numbers: their bins beside their values."""

import numpy as np
import pytest

from tests.training.tables import make_prepared
from training.config import NetworkConfig

pytestmark = pytest.mark.tensorflow


def test_a_number_s_bin_is_0_below_it_and_1_above_it_and_linear_in_between() -> None:
    from training.network.encoders.number import PiecewiseLinear

    nothing = np.empty(0, dtype=np.float32)
    encode = PiecewiseLinear([nothing, np.array([-1, 0, 4], dtype=np.float32)])
    block = np.array([[9, -2, 1], [9, -0.5, 1], [9, 1, 1], [9, 5, 1]], dtype=np.float32)
    expected = np.array([[0, 0], [0.5, 0], [1, 0.25], [1, 1]])
    np.testing.assert_allclose(encode(block), expected)


def test_without_bins_numbers_stay_as_they_are() -> None:
    from training.network.network import build

    prepared = make_prepared("binary")
    for bins, encoded in ((4, True), (0, False)):
        model = build(prepared, NetworkConfig(bins=bins))
        assert ("number_bins" in [layer.name for layer in model.layers]) == encoded
