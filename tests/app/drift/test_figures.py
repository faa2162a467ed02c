"""Population stability indices and rates of a window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.drift.figures import MIN_ROWS, describe, measure, psi, psi_by_chance
from tests.app.drift.test_window import batch, window


def test_too_few_rows_are_not_measured() -> None:
    monitored = window()
    monitored.add(*batch(MIN_ROWS - 1))
    assert measure(monitored, monitored.counts()) is None
    described = describe(monitored, monitored.counts(), enabled=True)
    assert (described["status"], described["window"]["rows"]) == ("too few rows yet", MIN_ROWS - 1)
    monitored.add(*batch(2))
    assert measure(monitored, monitored.counts()) is not None


def test_shares_sum_to_one_and_rates_are_those_of_the_bins() -> None:
    monitored = window()
    monitored.add(*batch(1000))
    report = measure(monitored, monitored.counts())
    assert report is not None
    for figures in (report.score, *report.features.values()):
        assert sum(share.observed for share in figures.bins) == pytest.approx(1)
        assert sum(share.expected for share in figures.bins) == pytest.approx(1)
    income = report.features["income", "value"]
    (missing,) = [share.observed for share in income.bins if share.bin == "missing"]
    assert income.rates == {"out_of_range": 0, "missing": missing}
    assert missing == pytest.approx(0.2, abs=0.05)
    assert report.features["home", "value"].rates.keys() == {"unseen_category", "missing"}
    assert report.score.rates == {}


def test_rows_of_the_reference_s_population_have_indices_explained_by_chance() -> None:
    monitored = window()
    monitored.add(*batch(2000))
    report = measure(monitored, monitored.counts())
    assert report is not None
    for figures in report.features.values():
        assert figures.psi < figures.psi_by_chance < 0.05


Rows = list[int]


def _rows(bins: list[tuple[int, int]]) -> tuple[Rows, Rows]:
    return [expected for expected, _ in bins], [observed for _, observed in bins]


bins = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=12)
pairs = bins.map(_rows).filter(lambda pair: any(pair[0]) and any(pair[1]))


@settings(deadline=None)
@given(pairs, st.integers(1, 1000))
def test_equal_shares_have_an_index_of_zero_whatever_the_number_of_rows(pair: tuple[Rows, Rows], times: int) -> None:
    assert psi(pair[0], [times * rows for rows in pair[0]]) == pytest.approx(0, abs=1e-12)


@settings(deadline=None)
@given(pairs)
def test_the_index_is_symmetric_finite_and_never_negative(pair: tuple[Rows, Rows]) -> None:
    index = psi(*pair)
    assert np.isfinite(index)
    assert index >= 0
    assert index == pytest.approx(psi(*reversed(pair)))


@settings(deadline=None)
@given(pairs, st.floats(0, 1), st.floats(0, 1))
def test_the_index_grows_with_the_share_of_rows_from_another_population(
    pair: tuple[Rows, Rows], one_share: float, other_share: float
) -> None:
    here, elsewhere = (np.array(rows) / sum(rows) for rows in pair)
    less, more = (psi(here, (1 - share) * here + share * elsewhere) for share in sorted((one_share, other_share)))
    assert less <= more + 1e-9


def test_the_index_of_a_known_example() -> None:
    expected = (0.6 - 0.5) * np.log(0.6 / 0.5) + (0.4 - 0.5) * np.log(0.4 / 0.5)
    assert psi([50, 50], [600, 400]) == pytest.approx(expected)


@pytest.mark.parametrize("n_bins", [2, 12, 23])
def test_one_sample_in_twenty_exceeds_what_chance_explains(n_bins: int) -> None:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(n_bins, 10.0))
    samples = zip(random.multinomial(3000, shares, 4000), random.multinomial(500, shares, 4000), strict=True)
    beyond = np.mean([psi(*pair) > psi_by_chance(n_bins, 3000, 500) for pair in samples])
    assert 0.03 < beyond < 0.08


def test_one_bin_never_differs_by_chance() -> None:
    assert psi_by_chance(1, 10, 10) == 0
