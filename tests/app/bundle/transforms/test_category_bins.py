import numpy as np
import pytest

from app.bundle.transforms.category import MOST_FREQUENT, CategoryBins, CategoryReference, CategoryStatistics

STATISTICS = CategoryStatistics(categories=("rent", "owner", "other"))


def test_categories_are_counted_beside_the_unseen_and_the_missing() -> None:
    column = np.array([2, 2, 2, 3, 3, 4, 1], dtype=np.int32)
    reference = CategoryBins.fit(column, STATISTICS)
    assert (reference.counts, reference.other, reference.missing) == ((3, 2, 1), 0, 1)
    bins = CategoryBins(reference, STATISTICS)
    assert [(one.label, one.role, one.expected) for one in bins.bins] == [
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
    assert bins.count(column).tolist() == [one.expected for one in bins.bins]


def test_more_counts_than_categories_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        CategoryBins(CategoryReference(counts=(1, 1, 1, 1), other=0, missing=0), STATISTICS)
