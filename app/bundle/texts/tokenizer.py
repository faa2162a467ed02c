"""Texts of any language as codes of tokens: words or pieces of them, or characters where no spaces separate words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""The codes that fill up a row, of a token outside the vocabulary, and of the vocabulary's first token."""
START = "▁"
"""Put before every word, so that pieces from its beginning differ from others (as in SentencePiece)."""

MAX_WORDS = 12_000
"""Number of words, and of characters, that a vocabulary has at most."""
MAX_PIECES = 4_000
"""Number of pieces of words that a vocabulary has at most."""
MIN_COUNT = 2
"""Number of times that a token must occur to be learnt."""
_LONGEST_PIECE = 6

# Han, kana, Thai, Lao, Burmese and Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and accents, which \w does not match in Python.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u06ed\u0900-\u0dff"
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(f"(?:[^\\W{_UNSPACED}]|[{_MARKS}])+")
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{_MARKS}])+|[^\w\s]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u00ad\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2064]")


def clean(text: str, max_characters: int) -> str:
    """Return a text in lower case and Unicode's form NFKC, with single spaces, and cut to `max_characters`.

    Runs of spaces and control characters become one space; invisible marks (soft hyphens, directions, joiners) are
    removed.
    """
    text = text[:max_characters]
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(_CONTROLS.sub(" ", text.lower()).split())[:max_characters]


def is_spaced(texts: Iterable[str]) -> bool:
    """Return whether the cleaned texts hold at least as many words between spaces as characters of other writings."""
    unspaced = words = 0
    for text in texts:
        unspaced += len(_UNSPACED_CHARACTER.findall(text))
        words += len(_WORD.findall(text))
    return words >= unspaced


def words(text: str) -> list[str]:
    """Return the words of a cleaned text that are separated by spaces or punctuation."""
    return _WORD.findall(text)


def learn_vocabulary(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the vocabulary of cleaned texts: their frequent characters and words, then pieces of the other words.

    Each occurs at least MIN_COUNT times. Each group is in order of frequency and, at equal frequency, of the alphabet.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_tokens(text))
    characters: Counter[str] = Counter()
    for token, count in counts.items():
        for character in token:
            characters[character] += count
    frequent_words = _most_frequent({token: count for token, count in counts.items() if len(token) > 1}, MAX_WORDS)
    pieces: Counter[str] = Counter()
    for token in counts.keys() - frequent_words:
        pieces.update(_fragments(token))
    # A piece is worth the number of tokens that it saves: one of n characters replaces n tokens by 1.
    by_savings = {piece: count * (len(piece) - 1) for piece, count in pieces.items() if count >= MIN_COUNT}
    frequent_characters = _most_frequent(characters, MAX_WORDS)
    return tuple(dict.fromkeys([*frequent_characters, *frequent_words, *_most_frequent(by_savings, MAX_PIECES)]))


class Tokenizer:
    """Encodes cleaned texts by a vocabulary. Immutable, safe to share between threads."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._codes = {token: code for code, token in enumerate(vocabulary, FIRST)}

    @staticmethod
    def n_codes(vocabulary: Sequence[str]) -> int:
        """Return the number of codes, including those of padding and unknown tokens."""
        return FIRST + len(vocabulary)

    def encode(self, text: str) -> list[int]:
        """Return the codes of a text's tokens, in order; an unknown word has those of its longest known pieces."""
        tokens = _tokens(text)
        token_codes = list(map(self._codes.get, tokens))
        if None not in token_codes:
            return token_codes  # type: ignore[return-value] # mypy does not see the line above
        codes: list[int] = []
        for token, code in zip(tokens, token_codes, strict=True):
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


def _most_frequent(counts: dict[str, int], max_tokens: int) -> list[str]:
    frequent = [token for token, count in counts.items() if count >= MIN_COUNT]
    return sorted(frequent, key=lambda token: (-counts[token], token))[:max_tokens]
