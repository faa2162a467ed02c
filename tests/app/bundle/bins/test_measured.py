"""Bins of the numbers that stand for values which cannot be counted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.bundle.bins.edges import N_BINS
from app.bundle.bins.measured import MeasuredDistribution, MeasuredReference, QuantityReference
from app.bundle.reference import bins_by_quantity
from app.bundle.transforms import TRANSFORMS, AnyReference
from app.bundle.transforms.ids import UserStatistics, UserTransform
from app.bundle.transforms.image import ImageStatistics
from app.bundle.transforms.series import SeriesStatistics
from app.bundle.transforms.text import TextStatistics

STATISTICS: dict[str, Any] = {
    "text": TextStatistics(
        spaced=True,
        n_texts=9,
        max_characters=50,
        max_tokens=16,
        max_ngrams=16,
        vocabulary=(),
        ngrams=(),
        ngram_counts=(),
    ),
    "series": SeriesStatistics(mean=0, standard_deviation=1, minimum=0, maximum=1, shortest=1, longest=30),
    "image": ImageStatistics(mean=(100,), standard_deviation=(9,)),
    "user": UserStatistics(ids=("ann", "bob", "eve"), buckets=1),
}
QUANTITY = QuantityReference(edges=(), counts=(1,), missing=0)


def rows_of(kind: str, column: Any) -> dict[str, list[float]]:
    """Rows a bin of each quantity, of a reference that was fitted on the very column."""
    reference = TRANSFORMS[kind].distribution.fit(np.array(column), STATISTICS[kind])
    return {
        name: bins.count(np.array(column)).tolist()
        for name, bins in bins_by_quantity(reference, STATISTICS[kind]).items()
    }


def expected_of(kind: str, column: Any) -> dict[str, list[float]]:
    reference = TRANSFORMS[kind].distribution.fit(np.array(column), STATISTICS[kind])
    bins = bins_by_quantity(reference, STATISTICS[kind])
    return {name: [counted.expected for counted in found.bins] for name, found in bins.items()}


def roles(kind: str, quantity: str) -> list[str]:
    distribution = TRANSFORMS[kind].distribution
    assert isinstance(distribution, MeasuredDistribution)
    reference = MeasuredReference(kind=kind, quantities=dict.fromkeys(distribution.quantities, QUANTITY))
    return [counted.role for counted in bins_by_quantity(reference, STATISTICS[kind])[quantity].bins]


numbers = st.lists(st.tuples(st.floats(0, 60) | st.just(np.nan), st.sampled_from([0.0, 0.0, 0.5, 1.0])), min_size=1)


@pytest.mark.parametrize("kind", STATISTICS)
@settings(deadline=None)
@given(column=numbers)
def test_the_fitted_rows_are_counted_as_the_reference_says_but_for_parts_of_rows(
    kind: str, column: list[tuple[float, float]]
) -> None:
    counted = rows_of(kind, column)
    assert {name: np.ceil(found).tolist() for name, found in counted.items()} == expected_of(kind, column)
    for found in counted.values():
        assert sum(found) == pytest.approx(len(column))
        assert len(found) <= N_BINS + 3


def test_bins_hold_what_is_unseen_ordinary_cut_and_missing() -> None:
    assert roles("text", "length") == ["unseen_token", "value", "text_cut", "missing"]
    assert roles("series", "length") == ["value", "series_cut", "missing"]
    assert roles("series", "mean") == ["value", "missing"]
    assert roles("user", "rank") == ["unseen_user", "value", "missing"]
    assert roles("image", "brightness") == ["value", "missing"]


def test_what_is_longer_than_the_limit_is_cut_and_what_is_as_long_is_not() -> None:
    assert rows_of("series", [[30.0, 0.0], [31.0, 0.0], [np.nan, np.nan]])["length"] == [1, 1, 1]


def test_a_text_is_counted_by_parts() -> None:
    assert rows_of("text", [[10.0, 0.25], [10.0, 1.0]])["length"] == [1.25, 0.75, 0, 0]
    assert expected_of("text", [[10.0, 0.25], [10.0, 1.0]])["length"] == [2, 1, 0, 0]


def test_ids_are_grouped_by_descending_frequency_into_even_shares() -> None:
    ranks = [rank for rank in range(1, 101) for _ in range(1 + 100 // rank)]
    reference = UserTransform.distribution.fit(np.array([[rank, 0] for rank in ranks]), STATISTICS["user"])
    assert isinstance(reference, MeasuredReference)
    rank = reference.quantities["rank"]
    assert rank.edges[0] == 2
    assert list(np.diff(rank.edges)) == sorted(np.diff(rank.edges))
    assert max(rank.counts[1:]) < 0.2 * len(ranks)


def test_a_reference_is_read_by_its_kind() -> None:
    content = {"kind": "user", "quantities": {"rank": QUANTITY}}
    assert isinstance(TypeAdapter(AnyReference).validate_python(content), MeasuredReference)


def test_quantities_that_are_not_those_of_the_kind_are_refused() -> None:
    reference = MeasuredReference(kind="series", quantities={"length": QUANTITY})
    with pytest.raises(ValueError, match=r"must be \['length', 'mean'\], found \['length'\]"):
        bins_by_quantity(reference, STATISTICS["series"])


def test_an_edge_beyond_what_is_read_is_refused() -> None:
    quantity = QuantityReference(edges=(51.0,), counts=(1, 1), missing=0)
    with pytest.raises(ValueError, match="at most 50, found 51"):
        bins_by_quantity(MeasuredReference(kind="text", quantities={"length": quantity}), STATISTICS["text"])
