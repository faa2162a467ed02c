"""Categories: a code a string, and codes for the unknown and the missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.transforms.category import (
    FIRST,
    MISSING,
    MOST_FREQUENT,
    UNKNOWN,
    CategoryBins,
    CategoryFeature,
    CategoryReference,
    CategoryStatistics,
    CategoryTransform,
)

HOME = CategoryFeature(name="home", nullable=True, missing_values=("unknown",))
FITTED = CategoryStatistics(categories=("rent", "owner"))
TRANSFORM = CategoryTransform([HOME], [FITTED])


def test_the_vocabulary_is_ordered_by_frequency_then_alphabet() -> None:
    column = ["b", "a", "c", "c", None, "unknown", "unknown", "unknown"]
    assert CategoryTransform.fit(HOME, column).categories == ("c", "a", "b")


def test_known_unknown_and_missing_strings_have_codes_of_their_own() -> None:
    codes = TRANSFORM.vectorize([["rent", "owner", "castle", None, "unknown"]])
    assert codes.ravel().tolist() == [FIRST, FIRST + 1, UNKNOWN, MISSING, MISSING]


def test_strings_are_told_apart_by_case_and_blanks() -> None:
    assert TRANSFORM.vectorize([["Rent", "rent ", ""]]).ravel().tolist() == [UNKNOWN] * 3


def test_a_feature_has_a_code_a_category_and_two_more() -> None:
    assert CategoryTransform.n_codes(FITTED) == 4


def test_each_feature_has_its_own_vocabulary() -> None:
    job = CategoryFeature(name="job", nullable=False)
    both = CategoryTransform([HOME, job], [FITTED, CategoryStatistics(categories=("owner",))])
    assert both.vectorize([["owner"], ["owner"]]).tolist() == [[FIRST + 1, FIRST]]


@given(st.lists(st.none() | st.text(), min_size=1))
def test_any_string_gives_a_code_of_the_embedding_alone_or_in_a_batch(sent: list[str | None]) -> None:
    batch = TRANSFORM.normalize(TRANSFORM.vectorize([sent]))["category"]
    alone = [TRANSFORM.normalize(TRANSFORM.vectorize([[text]]))["category"][0] for text in sent]
    assert batch.dtype == np.int32
    assert ((batch >= 0) & (batch < CategoryTransform.n_codes(FITTED))).all()
    np.testing.assert_array_equal(batch, alone)


def test_an_unseen_category_is_warned_of_and_a_missing_one_is_not() -> None:
    column = ["rent", None, "castle"]
    ((row, warning),) = TRANSFORM.warnings(TRANSFORM.vectorize([column]), lambda row, _: column[row])
    assert (row, warning.feature, warning.rule) == (2, "home", "unseen_category")
    assert "'castle'" in warning.message


def test_a_string_outside_the_vocabulary_alone_is_not_ordinary() -> None:
    feature = CategoryFeature(name="home", nullable=True)
    homes = CategoryTransform([feature], [CategoryTransform.fit(feature, ["rent", "owner"])])
    assert homes.ordinary(homes.vectorize([["rent", None, "owner"]]))
    assert not homes.ordinary(homes.vectorize([["rent", "boat"]]))


HOMES = CategoryStatistics(categories=("rent", "owner", "other"))


def test_categories_are_counted_beside_the_unseen_and_the_missing() -> None:
    column = np.array([2, 2, 2, 3, 3, 4, 1], dtype=np.int32)
    reference = CategoryBins.fit(column, HOMES)
    assert (reference.counts, reference.other, reference.missing) == ((3, 2, 1), 0, 1)
    bins = CategoryBins(reference, HOMES)
    assert [(counted.label, counted.role, counted.expected) for counted in bins.bins] == [
        ("unseen", "unseen_category", 0),
        ("missing", "missing", 1),
        ("=rent", "value", 3),
        ("=owner", "value", 2),
        ("=other", "value", 1),
        ("other", "value", 0),
    ]
    assert bins.count(np.array([0, 0, 1, 4, 2], dtype=np.int32)).tolist() == [2, 1, 1, 0, 1, 0]


def test_what_is_not_among_the_most_frequent_shares_a_bin() -> None:
    n_categories = MOST_FREQUENT + 5
    statistics = CategoryStatistics(categories=tuple(f"c{index:02}" for index in range(n_categories)))
    column = np.arange(2, 2 + n_categories, dtype=np.int32)
    reference = CategoryBins.fit(column, statistics)
    assert (reference.counts, reference.other) == ((1,) * MOST_FREQUENT, 5)
    bins = CategoryBins(reference, statistics)
    assert bins.count(column).tolist() == [counted.expected for counted in bins.bins]


def test_more_counts_than_categories_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        CategoryBins(CategoryReference(counts=(1, 1, 1, 1), other=0, missing=0), HOMES)
