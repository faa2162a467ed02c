"""Text to weighted n-grams: which short strings it holds, each by how much it tells (TF-IDF)."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.bundle.texts.tokenizer import START, words

PADDING, FIRST = 0, 1
"""Codes: no n-gram, and the first one."""
MAX_NGRAMS = 1 << 16
"""More bring little, and each is a line in normalization.json."""
MIN_COUNT = 2

_UNSPACED_LENGTHS = (1, 2, 3)
_SPACED_LENGTHS = (3, 4, 5)


def ngrams(text: str, *, spaced: bool) -> list[str]:
    """Every n-gram of a cleaned text: 1 to 3 characters; where spaces separate words, one or two words and 3 to 5
    characters of a word.
    """
    if not spaced:
        return [text[i : i + n] for n in _UNSPACED_LENGTHS for i in range(len(text) - n + 1)]
    marked = [START + word for word in words(text)]
    found = [*marked, *(f"{first} {second}" for first, second in pairwise(marked))]
    for word in marked:
        padded = f" {word[1:]} "
        found += [padded[i : i + n] for n in _SPACED_LENGTHS for i in range(len(padded) - n + 1)]
    return found


def learn_ngrams(texts: Sequence[str], *, spaced: bool) -> dict[str, int]:
    """In how many of the cleaned texts each n-gram stands, at least MIN_COUNT, the most frequent first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(ngrams(text, spaced=spaced)))
    found = [one for one, count in counts.items() if count >= MIN_COUNT]
    return {one: counts[one] for one in sorted(found, key=lambda one: (-counts[one], one))[:MAX_NGRAMS]}


class Weigher:
    """TF-IDF of cleaned texts by the n-grams that training saw. Immutable, safe to share between threads."""

    def __init__(self, known: Sequence[str], counts: Sequence[int], n_texts: int, *, spaced: bool) -> None:
        self._codes = {one: code for code, one in enumerate(known, FIRST)}
        self._spaced = spaced
        # No code is PADDING, whose entry only makes codes positions.
        self._idf = np.log((1 + n_texts) / (1 + np.array([n_texts, *counts], dtype=np.float64))) + 1

    def weigh(self, text: str, most: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Codes and weights of the known n-grams, at most as many, those that weigh most; the weights' norm is 1."""
        found = [code for code in map(self._codes.get, ngrams(text, spaced=self._spaced)) if code is not None]
        codes, frequencies = np.unique(np.array(found, dtype=np.int32), return_counts=True)
        weights = (1 + np.log(frequencies)) * self._idf[codes]
        if len(codes) > most:
            heaviest = np.argsort(-weights, kind="stable")[:most]
            codes, weights = codes[heaviest], weights[heaviest]
        return codes, (weights / max(float(np.sqrt(weights @ weights)), 1.0)).astype(np.float32)
