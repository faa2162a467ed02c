"""TF-IDF of n-grams."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from app.bundle.texts.ngrams import FIRST, Weigher, learn_ngrams, ngrams

TEXTS = ["好房间", "好房", "不好", "房间不好不好"]


def weigher() -> tuple[list[str], Weigher]:
    counts = learn_ngrams(TEXTS, spaced=False)
    return list(counts), Weigher(list(counts), list(counts.values()), len(TEXTS), spaced=False)


def test_one_to_three_characters_where_no_space_separates_words() -> None:
    assert sorted(ngrams("abc", spaced=False)) == ["a", "ab", "abc", "b", "bc", "c"]


def test_words_pairs_of_words_and_their_characters_where_spaces_do() -> None:
    assert ngrams("so be", spaced=True) == [
        *("▁so", "▁be", "▁so ▁be"),
        *(" so", "so ", " so "),
        *(" be", "be ", " be "),
    ]


def test_n_grams_of_one_text_alone_are_not_learnt() -> None:
    assert learn_ngrams(["好房", "好间"], spaced=False) == {"好": 2}


@pytest.mark.parametrize("text", TEXTS)
def test_weights_are_those_of_scikit_learn(text: str) -> None:
    reference = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True).fit(TEXTS)
    known, weigh = weigher()
    codes, weights = weigh.weigh(text, 100)
    found = {known[code - FIRST]: weight for code, weight in zip(codes, weights, strict=True)}
    row = reference.transform([text]).tocoo()
    names = reference.get_feature_names_out()
    expected = {names[column]: value for column, value in zip(row.col, row.data, strict=True)}
    assert found == pytest.approx(expected)


def test_the_heaviest_stay_where_there_are_too_many() -> None:
    _, weigh = weigher()
    all_codes, all_weights = weigh.weigh(TEXTS[3], 100)
    codes, weights = weigh.weigh(TEXTS[3], 3)
    assert set(codes) == set(all_codes[np.argsort(-all_weights, kind="stable")[:3]])
    assert np.linalg.norm(weights) == pytest.approx(1)
