import pytest

from app.drift.figures import LEAST_ROWS, describe, measure
from tests.app.drift.test_window import batch, window


def test_too_few_rows_have_no_figures() -> None:
    counted = window()
    counted.add(*batch(LEAST_ROWS - 1))
    assert measure(counted, counted.counts()) is None
    told = describe(counted, counted.counts(), wanted=True)
    assert (told["status"], told["window"]["rows"]) == ("too few rows yet", LEAST_ROWS - 1)
    counted.add(*batch(2))
    assert measure(counted, counted.counts()) is not None


def test_shares_add_up_to_one_and_rates_are_those_of_the_bins() -> None:
    counted = window()
    counted.add(*batch(1000))
    measured = measure(counted, counted.counts())
    assert measured is not None
    for one in (measured.score, *measured.features.values()):
        assert sum(share.observed for share in one.bins) == pytest.approx(1)
        assert sum(share.expected for share in one.bins) == pytest.approx(1)
    income = measured.features["income", "value"]
    (missing,) = [share.observed for share in income.bins if share.bin == "missing"]
    assert income.rates == {"out_of_range": 0, "missing": missing}
    assert missing == pytest.approx(0.2, abs=0.05)
    assert measured.features["home", "value"].rates.keys() == {"unseen_category", "missing"}
    assert measured.score.rates == {}


def test_one_population_has_indices_that_chance_explains() -> None:
    counted = window()
    counted.add(*batch(2000))
    measured = measure(counted, counted.counts())
    assert measured is not None
    for one in measured.features.values():
        assert one.psi < one.psi_by_chance < 0.05
