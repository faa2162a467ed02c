"""Users and items: a code an id that is known, and buckets that the others share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.transforms.ids import (
    FIRST_BUCKET,
    MISSING,
    UserFeature,
    UserStatistics,
    UserTransform,
    bucket,
    first_known,
    n_codes,
)

USER = UserFeature(name="user", nullable=True, missing_values=("nobody",))
FITTED = UserStatistics(ids=("ann", "bob"), buckets=3)
TRANSFORM = UserTransform([USER], [FITTED])


def test_ids_of_two_rows_are_known_the_most_frequent_first() -> None:
    column = ["b", "b", "a", "a", "a", "once", None, "nobody", "nobody"]
    assert UserTransform.fit(USER, column) == UserStatistics(ids=("a", "b"), buckets=1)


def test_many_ids_have_many_buckets_up_to_a_limit() -> None:
    column = [f"{index}" for index in range(2_000)] * 2
    assert UserTransform.fit(USER, column).buckets == 21


def test_known_new_and_missing_ids_have_codes_of_their_own() -> None:
    codes = TRANSFORM.vectorize([["ann", "bob", "eve", None, "nobody"]]).ravel().tolist()
    assert codes == [first_known(FITTED), first_known(FITTED) + 1, bucket("eve", 3), MISSING, MISSING]


def test_a_bucket_is_the_same_on_every_machine() -> None:
    """The check value of CRC-32 is 0xCBF43926; a lone surrogate, which JSON can bring, has a bucket too."""
    assert bucket("123456789", 1000) == FIRST_BUCKET + 0xCBF43926 % 1000
    assert bucket("\ud800", 1) == FIRST_BUCKET


@given(st.lists(st.none() | st.text(), min_size=1))
def test_any_text_gives_a_code_of_the_embedding_alone_or_in_a_batch(sent: list[str | None]) -> None:
    codes = TRANSFORM.normalize(TRANSFORM.vectorize([sent]))["user"]
    assert codes.dtype == np.int32
    assert ((codes >= 0) & (codes < n_codes(FITTED))).all()
    np.testing.assert_array_equal(codes, TRANSFORM.vectorize_rows([[text] for text in sent]))


def test_a_new_id_is_warned_of_and_a_missing_one_is_not() -> None:
    column = ["ann", None, "eve"]
    raw = TRANSFORM.vectorize([column])
    ((row, warning),) = TRANSFORM.warnings(raw, lambda row, _: column[row])
    assert (row, warning.feature, warning.rule) == (2, "user", "unseen_user")
    assert "'eve'" in warning.message
    assert TRANSFORM.ordinary(raw[:1])
    assert not TRANSFORM.ordinary(raw[1:2])
    assert not TRANSFORM.ordinary(raw[2:])


def test_the_description_names_nobody() -> None:
    assert UserTransform.describe(FITTED).startswith("2 are known")


def test_what_is_watched_is_the_rank_of_a_known_id_and_whether_it_is_a_new_one() -> None:
    summary = TRANSFORM.summary(TRANSFORM.vectorize([["ann", "bob", "eve", None, "nobody"]]))[:, 0]
    np.testing.assert_array_equal(summary[[0, 1, 3, 4]], [[1, 0], [2, 0], [np.nan, 0], [np.nan, 0]])
    assert summary[2, 1] == 1
