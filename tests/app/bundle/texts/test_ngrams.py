"""TF-IDF weights of n-grams."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from app.bundle.texts.ngrams import FIRST, TfidfEncoder, document_frequencies, ngrams

TEXTS = ["好房间", "好房", "不好", "房间不好不好"]


def fit_encoder() -> tuple[list[str], TfidfEncoder]:
    counts = document_frequencies(TEXTS, spaced=False)
    return list(counts), TfidfEncoder(list(counts), list(counts.values()), len(TEXTS), spaced=False)


def test_unspaced_texts_give_one_to_three_characters() -> None:
    assert sorted(ngrams("abc", spaced=False)) == ["a", "ab", "abc", "b", "bc", "c"]


def test_spaced_texts_give_words_pairs_of_words_and_characters() -> None:
    assert ngrams("so be", spaced=True) == [
        *("▁so", "▁be", "▁so ▁be"),
        *(" so", "so ", " so "),
        *(" be", "be ", " be "),
    ]


def test_n_grams_of_only_one_text_are_not_learnt() -> None:
    assert document_frequencies(["好房", "好间"], spaced=False) == {"好": 2}


@pytest.mark.parametrize("text", TEXTS)
def test_weights_equal_those_of_scikit_learn(text: str) -> None:
    reference = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True).fit(TEXTS)
    known, encoder = fit_encoder()
    codes, weights = encoder.encode(text, 100)
    actual = {known[code - FIRST]: weight for code, weight in zip(codes, weights, strict=True)}
    row = reference.transform([text]).tocoo()
    names = reference.get_feature_names_out()
    expected = {names[column]: value for column, value in zip(row.col, row.data, strict=True)}
    assert actual == pytest.approx(expected)


def test_only_the_heaviest_are_kept_of_too_many() -> None:
    _, encoder = fit_encoder()
    all_codes, all_weights = encoder.encode(TEXTS[3], 100)
    codes, weights = encoder.encode(TEXTS[3], 3)
    assert set(codes) == set(all_codes[np.argsort(-all_weights, kind="stable")[:3]])
    assert np.linalg.norm(weights) == pytest.approx(1)
