"""Text of any language to a row of codes: characters where no spaces separate words, else words or pieces of them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Codes: no token, a token outside the vocabulary, and the vocabulary's first token."""
START = "▁"
"""Begins every word, so that a piece tells whether it does."""

MAX_WORDS = 12_000
MAX_PIECES = 4_000
MIN_COUNT = 2
_LONGEST_PIECE = 6

# Han, kana, Thai, Lao, Burmese and Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and accents, which Python's \w leaves out.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u06ed\u0900-\u0dff"
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(f"(?:[^\\W{_UNSPACED}]|[{_MARKS}])+")
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{_MARKS}])+|[^\w\s]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u00ad\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2064]")


def clean(text: str, max_characters: int) -> str:
    """The text in lower case and Unicode's form NFKC, each run of spaces and control characters one space, then cut.

    Marks that nobody sees (soft hyphens, directions, joiners) are left out.
    """
    text = text[:max_characters]
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(_CONTROLS.sub(" ", text.lower()).split())[:max_characters]


def is_spaced(texts: Iterable[str]) -> bool:
    """Whether most of what the cleaned texts are made of is words between spaces."""
    unspaced = words = 0
    for text in texts:
        unspaced += len(_UNSPACED_CHARACTER.findall(text))
        words += len(_WORD.findall(text))
    return words >= unspaced


def words(text: str) -> list[str]:
    """The words of a cleaned text that spaces or marks separate."""
    return _WORD.findall(text)


def learn_vocabulary(texts: Iterable[str]) -> tuple[str, ...]:
    """Characters and words that cleaned texts hold at least twice, then pieces of the rarer words.

    The most frequent first, and by alphabet where they tie.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_tokens(text))
    characters: Counter[str] = Counter()
    for token, count in counts.items():
        for character in token:
            characters[character] += count
    known = _most_frequent({token: count for token, count in counts.items() if len(token) > 1}, MAX_WORDS)
    rest = counts.keys() - known
    pieces: Counter[str] = Counter()
    for token in rest:
        pieces.update(_fragments(token))
    by_gain = {piece: count * (len(piece) - 1) for piece, count in pieces.items() if count >= MIN_COUNT}
    single = _most_frequent(characters, MAX_WORDS)
    return tuple(dict.fromkeys([*single, *known, *_most_frequent(by_gain, MAX_PIECES)]))


class Tokenizer:
    """Codes of cleaned texts by a vocabulary. Immutable, safe to share between threads."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._codes = {token: code for code, token in enumerate(vocabulary, FIRST)}

    @staticmethod
    def n_codes(vocabulary: Sequence[str]) -> int:
        """How many codes there are, those of padding and the unknown included."""
        return FIRST + len(vocabulary)

    def codes(self, text: str) -> list[int]:
        """A code a token, in order; of a word that is unknown, the codes of its longest known pieces."""
        tokens = _tokens(text)
        found = list(map(self._codes.get, tokens))
        if None not in found:
            return found  # type: ignore[return-value] # mypy does not see the line above
        codes: list[int] = []
        for token, code in zip(tokens, found, strict=True):
            if code is None:
                codes += self._pieces(token)
            else:
                codes.append(code)
        return codes

    def _pieces(self, word: str) -> Iterator[int]:
        start = 0
        while start < len(word):
            ends = range(min(len(word), start + _LONGEST_PIECE), start, -1)
            end = next((end for end in ends if word[start:end] in self._codes), None)
            yield UNKNOWN if end is None else self._codes[word[start:end]]
            start = start + 1 if end is None else end


def _tokens(text: str) -> list[str]:
    return [START + token if len(token) > 1 else token for token in _TOKEN.findall(text)]


def _fragments(token: str) -> Iterator[str]:
    for start in range(len(token)):
        for end in range(start + 2, min(len(token), start + _LONGEST_PIECE) + 1):
            yield token[start:end]


def _most_frequent(counts: dict[str, int], most: int) -> list[str]:
    found = [token for token, count in counts.items() if count >= MIN_COUNT]
    return sorted(found, key=lambda token: (-counts[token], token))[:most]
