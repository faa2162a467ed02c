import numpy as np
import pytest

from training.data.histogram import histogram


def test_every_value_is_counted_also_those_beyond_the_edges() -> None:
    values = np.append(np.linspace(0.0, 1.0, 999), 1e6)
    result = histogram(values, 10)
    assert result.edges[-1] < 2
    assert sum(result.counts) == 1000
    assert max(result.counts) < 120


def test_whole_numbers_get_bins_of_whole_steps() -> None:
    result = histogram(np.repeat(np.arange(18.0, 66.0), 3), 20)
    assert set(result.counts[:-1]) == {9}
    assert result.range == (18.0, 65.0)


@pytest.mark.parametrize("value", [7.0, 0.3])
def test_a_constant_is_one_full_bin(value: float) -> None:
    assert max(histogram(np.full(5, value), 12).counts) == 5


def test_two_values_are_two_bins() -> None:
    assert histogram(np.array([0.0, 0.0, 1.0]), 24).counts == (2, 1)
