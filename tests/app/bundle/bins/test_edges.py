import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from app.bundle.bins.edges import N_BINS, even_edges
from app.bundle.transforms.number import NumberBins, NumberFeature, NumberReference, NumberStatistics, NumberTransform

STATISTICS = NumberStatistics(mean=0, standard_deviation=1, median=0, minimum=0, maximum=100)
FEATURE = NumberFeature(name="x", nullable=True)


def test_distinct_values_are_parted_into_bins_of_equal_size() -> None:
    reference = NumberBins.fit(np.random.default_rng(0).permutation(np.arange(100.0)), STATISTICS)
    assert reference.edges == tuple(np.arange(10.0, 100.0, 10.0))
    assert reference.counts == (10,) * N_BINS


def test_a_frequent_value_has_a_bin_of_its_own_and_rare_ones_beside_it_are_still_seen() -> None:
    reference = NumberBins.fit(np.array([0.0] * 97 + [1.0, 2.0, np.nan]), STATISTICS)
    assert (reference.edges, reference.counts, reference.missing) == ((1.0,), (97, 2), 1)


def test_equal_values_share_one_bin() -> None:
    assert NumberBins.fit(np.full(5, 3.0), STATISTICS).edges == ()


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e308, 1e308) | st.integers(-3, 3) | st.just(np.nan)))
def test_training_rows_are_counted_as_the_reference_says_and_none_is_out_of_range(column: np.ndarray) -> None:
    if np.isnan(column).all():
        return
    statistics = NumberTransform.fit(FEATURE, column)
    bins = NumberBins(NumberBins.fit(column, statistics), statistics)
    assert len(bins.bins) <= N_BINS + 3
    assert bins.count(column).tolist() == [counted.expected for counted in bins.bins]


def test_a_number_is_out_of_range_exactly_where_a_prediction_warns_of_it() -> None:
    bins = NumberBins(NumberReference(edges=(50.0,), counts=(5, 5), missing=0), STATISTICS)
    column = np.array([-51, np.nextafter(-50, -51), -50, 49, 50, 150, np.nextafter(150, 151), np.nan])
    assert bins.count(column).tolist() == [2, 2, 2, 1, 1]
    transform = NumberTransform([FEATURE], [STATISTICS])
    warned = [row for row, _ in transform.warnings(column[:, None], lambda *_: None)]
    assert warned == [0, 1, 6]
    assert [counted.role for counted in bins.bins] == ["out_of_range", "value", "value", "out_of_range", "missing"]


def test_bins_are_named_for_people() -> None:
    bins = NumberBins(NumberReference(edges=(10.0, 50.5), counts=(1, 1, 1), missing=0), STATISTICS)
    assert [counted.label for counted in bins.bins] == [
        *("below -50", "less than 10", "10 to 50.5", "50.5 or more", "above 150", "missing")
    ]


def test_a_range_too_wide_for_numbers_has_nothing_outside() -> None:
    statistics = STATISTICS.model_copy(update={"minimum": -1.7e308, "maximum": 1.7e308})
    bins = NumberBins(NumberReference(edges=(0.0,), counts=(1, 1), missing=0), statistics)
    assert bins.count(np.array([-1.79e308, 1.79e308, np.nan])).tolist() == [0, 1, 1, 0, 1]


@pytest.mark.parametrize(("edges", "counts"), [((1.0, 1.0), (1, 1, 1)), ((2.0, 1.0), (1, 1, 1)), ((1.0,), (1,))])
def test_edges_that_do_not_ascend_or_part_other_counts_are_refused(
    edges: tuple[float, ...], counts: tuple[int, ...]
) -> None:
    with pytest.raises(ValidationError, match="edges"):
        NumberReference(edges=edges, counts=counts, missing=0)


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 200), elements=st.floats(-5, 5) | st.integers(-2, 2)))
def test_every_bin_but_the_last_holds_a_tenth_of_the_values_or_more(values: np.ndarray) -> None:
    counts = np.histogram(values, [-np.inf, *even_edges(values), np.inf])[0]
    assert len(counts) <= N_BINS
    assert (counts[:-1] >= len(values) / N_BINS).all()
    assert counts[-1] > 0
