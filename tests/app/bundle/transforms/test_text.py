"""Texts to tensors of fixed length."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.normalization import Normalization
from app.bundle.transforms.text import TextFeature, TextStatistics, TextTransform

FEATURES = (
    TextFeature(name="review", nullable=True, missing_values=("n/a",)),
    TextFeature(name="title", nullable=False),
)
REVIEWS = ["房间很好", "房间不好，不会再来", None, "很好很好", "n/a"]
TITLES = ["Good room", "Bad food, bad room", "good food", "so so", "good"]
STATISTICS = [TextTransform.fit(FEATURES[0], REVIEWS), TextTransform.fit(FEATURES[1], TITLES)]
TRANSFORM = TextTransform(FEATURES, STATISTICS)
rows = st.lists(st.tuples(st.none() | st.text(), st.text() | st.sampled_from(TITLES)), min_size=1, max_size=6)


def tensors(rows: Any) -> dict[str, Any]:
    return TRANSFORM.normalize(TRANSFORM.vectorize_rows(rows))


@given(rows)
def test_any_text_gives_finite_tensors_alike_alone_and_in_a_batch(rows: list[tuple[str | None, str]]) -> None:
    batch = tensors(rows)
    for name, tensor in batch.items():
        wanted = TRANSFORM.tensors[name]
        assert (tensor.dtype, tensor.shape) == (wanted.dtype, (len(rows), *wanted.shape))
        assert np.isfinite(tensor).all()
    for index, row in enumerate(rows):
        for name, tensor in tensors([row]).items():
            np.testing.assert_array_equal(tensor[0], batch[name][index])


@given(rows)
def test_rows_and_columns_vectorize_alike(rows: list[tuple[str | None, str]]) -> None:
    columns = list(zip(*rows, strict=True))
    np.testing.assert_array_equal(TRANSFORM.vectorize(columns), TRANSFORM.vectorize_rows(rows))


def test_a_lone_surrogate_is_a_text_too() -> None:
    assert tensors([("\ud800", "\udfff good")]).keys() == TRANSFORM.tensors.keys()


@pytest.mark.parametrize("cell", [None, "n/a", "", " \t"])
def test_a_missing_text_is_an_empty_one_and_nothing_to_warn_of(cell: str | None) -> None:
    raw = TRANSFORM.vectorize_rows([(cell, "good")])
    assert TRANSFORM.ordinary(raw)
    assert not raw["text_0"].any()
    assert not raw["text_0_weights"].any()


def test_a_text_that_is_cut_and_one_that_is_strange_are_warned_of() -> None:
    longest = STATISTICS[0].max_characters
    sent = [("好" * longest, "good"), ("好" * (longest + 1), "good"), ("好", "猫猫")]
    raw = TRANSFORM.vectorize_rows(sent)
    found = [
        (row, warning.feature, warning.rule)
        for row, warning in TRANSFORM.warnings(raw, lambda row, index: sent[row][index])
    ]
    assert found == [(1, "review", "text_cut"), (2, "title", "unseen_text")]
    assert not TRANSFORM.ordinary(raw)
    assert TRANSFORM.ordinary(raw[:1])


def test_the_end_that_is_cut_off_changes_nothing() -> None:
    longest = STATISTICS[0].max_characters
    for whole, cut in zip(*(tensors([("好" * n, "good")]).values() for n in (longest, longest + 9)), strict=True):
        np.testing.assert_array_equal(whole, cut)


def test_each_feature_has_lengths_of_its_own() -> None:
    reviews, titles = STATISTICS
    assert (reviews.spaced, titles.spaced) == (False, True)
    assert reviews.n_texts == 3
    assert TRANSFORM.tensors["text_1_ngrams"].shape == (titles.max_ngrams,)


def test_statistics_survive_the_bundle() -> None:
    normalization = Normalization(features=dict(zip("ab", STATISTICS, strict=True)))
    assert Normalization.model_validate_json(normalization.model_dump_json()) == normalization


def test_a_column_without_text_is_fitted_too() -> None:
    fitted = TextTransform.fit(FEATURES[0], [None, None])
    assert isinstance(fitted, TextStatistics)
    raw = TextTransform(FEATURES[:1], [fitted]).vectorize_rows([("good",)])
    assert not raw["text_0_ngrams"].any()


def test_what_is_watched_is_the_length_as_sent_and_the_share_of_unknown_tokens() -> None:
    longest = STATISTICS[0].max_characters
    summary = TRANSFORM.summary(
        TRANSFORM.vectorize_rows([("好" * (longest + 9), "good 猫 猫"), (None, "good"), ("", "猫")])
    )
    nothing = [np.nan, 0]
    expected = np.array([[[longest + 9, 0], [8, 2 / 3]], [nothing, [4, 0]], [nothing, [1, 1]]])
    np.testing.assert_allclose(summary, expected, rtol=1e-6)
