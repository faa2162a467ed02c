import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.drift.figures import psi, psi_by_chance

Rows = list[int]


def _split(rows: list[tuple[int, int]]) -> tuple[Rows, Rows]:
    return [one for one, _ in rows], [other for _, other in rows]


bins = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=12)
pairs = bins.map(_split).filter(lambda pair: any(pair[0]) and any(pair[1]))


@settings(deadline=None)
@given(pairs, st.integers(1, 1000))
def test_the_same_shares_have_an_index_of_zero_whatever_the_number_of_rows(pair: tuple[Rows, Rows], times: int) -> None:
    assert psi(pair[0], [times * rows for rows in pair[0]]) == pytest.approx(0, abs=1e-12)


@settings(deadline=None)
@given(pairs)
def test_the_index_is_symmetric_finite_and_never_negative(pair: tuple[Rows, Rows]) -> None:
    found = psi(*pair)
    assert np.isfinite(found)
    assert found >= 0
    assert found == pytest.approx(psi(*reversed(pair)))


@settings(deadline=None)
@given(pairs, st.floats(0, 1), st.floats(0, 1))
def test_the_index_grows_with_the_part_of_the_rows_that_comes_from_elsewhere(
    pair: tuple[Rows, Rows], one: float, other: float
) -> None:
    here, elsewhere = (np.array(rows) / sum(rows) for rows in pair)
    less, more = (psi(here, (1 - part) * here + part * elsewhere) for part in sorted((one, other)))
    assert less <= more + 1e-9


def test_the_index_of_a_known_example() -> None:
    expected = (0.6 - 0.5) * np.log(0.6 / 0.5) + (0.4 - 0.5) * np.log(0.4 / 0.5)
    assert psi([50, 50], [600, 400]) == pytest.approx(expected)


@pytest.mark.parametrize("n_bins", [2, 12, 23])
def test_one_sample_in_twenty_exceeds_what_chance_explains(n_bins: int) -> None:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(n_bins, 10.0))
    pairs = zip(random.multinomial(3000, shares, 4000), random.multinomial(500, shares, 4000), strict=True)
    beyond = np.mean([psi(*pair) > psi_by_chance(n_bins, 3000, 500) for pair in pairs])
    assert 0.03 < beyond < 0.08


def test_one_bin_never_differs_by_chance() -> None:
    assert psi_by_chance(1, 10, 10) == 0
