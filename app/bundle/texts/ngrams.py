"""Texts as n-grams, weighted by TF-IDF: n-grams that are rare in other texts weigh more."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.bundle.texts.tokenizer import START, words

PADDING, FIRST = 0, 1
"""The code that fills up a row, and the code of the first n-gram."""
MAX_NGRAMS = 1 << 16
"""Number of n-grams that are learnt at most: more add little, and each is a line in normalization.json."""
MIN_COUNT = 2
"""Number of texts in which an n-gram must occur to be learnt."""

_UNSPACED_LENGTHS = (1, 2, 3)
_SPACED_LENGTHS = (3, 4, 5)


def ngrams(text: str, *, spaced: bool) -> list[str]:
    """Return every n-gram of a cleaned text.

    In a writing without spaces between words (`spaced` is false) they are 1 to 3 characters. Otherwise they are one
    word, two neighbouring words, and 3 to 5 characters of a word with a space at both ends.
    """
    if not spaced:
        return [text[i : i + n] for n in _UNSPACED_LENGTHS for i in range(len(text) - n + 1)]
    marked = [START + word for word in words(text)]
    all_ngrams = [*marked, *(f"{first} {second}" for first, second in pairwise(marked))]
    for word in marked:
        padded = f" {word[1:]} "
        all_ngrams += [padded[i : i + n] for n in _SPACED_LENGTHS for i in range(len(padded) - n + 1)]
    return all_ngrams


def document_frequencies(texts: Sequence[str], *, spaced: bool) -> dict[str, int]:
    """Return in how many of the cleaned texts each n-gram occurs, the most frequent first.

    Only the MAX_NGRAMS most frequent n-grams that occur in at least MIN_COUNT texts are returned.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(ngrams(text, spaced=spaced)))
    frequent = [ngram for ngram, count in counts.items() if count >= MIN_COUNT]
    return {ngram: counts[ngram] for ngram in sorted(frequent, key=lambda ngram: (-counts[ngram], ngram))[:MAX_NGRAMS]}


class TfidfEncoder:
    """TF-IDF of cleaned texts by the n-grams that training learnt. Immutable, safe to share between threads.

    `known` and `counts` are the n-grams and their document frequencies, `n_texts` the number of texts counted. The
    weights are scikit-learn's TfidfVectorizer's with sublinear_tf: (1 + ln tf) (1 + ln((1 + n) / (1 + df))), scaled to
    a Euclidean norm of 1.
    """

    def __init__(self, known: Sequence[str], counts: Sequence[int], n_texts: int, *, spaced: bool) -> None:
        self._codes = {ngram: code for code, ngram in enumerate(known, FIRST)}
        self._spaced = spaced
        # The entry of PADDING is never used; it lets codes serve as positions.
        self._idf = np.log((1 + n_texts) / (1 + np.array([n_texts, *counts], dtype=np.float64))) + 1

    def encode(self, text: str, max_ngrams: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the codes (int32) and weights (float32) of a text's known n-grams, each of shape (n_ngrams,).

        Only the `max_ngrams` heaviest are returned, and their weights are scaled to a norm of 1.
        """
        known = [code for code in map(self._codes.get, ngrams(text, spaced=self._spaced)) if code is not None]
        codes, frequencies = np.unique(np.array(known, dtype=np.int32), return_counts=True)
        weights = (1 + np.log(frequencies)) * self._idf[codes]
        if len(codes) > max_ngrams:
            heaviest = np.argsort(-weights, kind="stable")[:max_ngrams]
            codes, weights = codes[heaviest], weights[heaviest]
        return codes, (weights / max(float(np.sqrt(weights @ weights)), 1.0)).astype(np.float32)
