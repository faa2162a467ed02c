"""Booleans: a sign each, and an indicator where one may be missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.transforms.boolean import BooleanBins, BooleanFeature, BooleanStatistics, BooleanTransform

PAID = BooleanFeature(name="paid", nullable=True)
NEW = BooleanFeature(name="new", nullable=False)
FITTED = BooleanStatistics(true_share=0.5)
BOTH = BooleanTransform([PAID, NEW], [FITTED, FITTED])


def test_the_statistic_is_the_share_of_true() -> None:
    assert BooleanTransform.fit(PAID, [True, None, False, True, True]).true_share == 0.75
    with pytest.raises(ValueError, match="'paid' needs at least one boolean"):
        BooleanTransform.fit(PAID, [None])


def test_values_are_signs_and_the_missing_have_an_indicator() -> None:
    found = BOTH.normalize(BOTH.vectorize([[True, False, None], [False, True, True]]))["boolean"]
    assert found.tolist() == [[1, -1, 0], [-1, 1, 0], [0, 1, 1]]
    assert found.dtype == np.float32
    assert BOTH.tensors["boolean"].shape == (3,)


@given(st.lists(st.tuples(st.none() | st.booleans(), st.none() | st.booleans()), min_size=1))
def test_any_row_is_the_same_alone_as_in_a_batch(rows: list[tuple[bool | None, bool | None]]) -> None:
    batch = BOTH.vectorize(list(zip(*rows, strict=True)))
    tensor = BOTH.normalize(batch)["boolean"]
    assert BOTH.ordinary(batch) == (not any(None in row for row in rows))
    for row, expected in zip(rows, tensor, strict=True):
        np.testing.assert_array_equal(BOTH.normalize(BOTH.vectorize_rows([row]))["boolean"][0], expected)


def test_true_false_and_missing_are_counted_apart() -> None:
    column = np.array([1, 0, 1, np.nan, 1], dtype=np.float32)
    bins = BooleanBins(BooleanBins.fit(column, FITTED), FITTED)
    assert [(counted.label, counted.role, counted.expected) for counted in bins.bins] == [
        ("=false", "value", 1),
        ("=true", "value", 3),
        ("missing", "missing", 1),
    ]
    assert bins.count(column[3:]).tolist() == [0, 1, 1]
