"""Text: its tokens in order, and its weighted n-grams, each a row of fixed length."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.features import TextFeature
from app.bundle.normalization import TextStatistics
from app.bundle.texts.ngrams import TfidfEncoder, document_frequencies
from app.bundle.texts.tokenizer import UNKNOWN, Tokenizer, clean, is_spaced, learn_vocabulary
from app.bundle.transforms.base import Cell, RowWarning, Tensors, TensorType, Transform

MAX_CHARACTERS = 8_192
MAX_TOKENS = 256
MAX_NGRAMS = 1_024
_MIN_LENGTH = 16
_TOKENS_QUANTILE, _NGRAMS_QUANTILE = 0.95, 0.99

_ORDINARY, _CUT, _STRANGE = 0, 1, 2


class TextTransform(Transform):
    """Raw: a structured array, a field a tensor, one for what is to be warned of, and two for what is watched.

    A feature has three tensors: `text_0` holds the codes of its first tokens, `text_0_ngrams` those of its n-grams
    and `text_0_weights` their weights, all padded with zeros. A text that is missing is an empty one.
    """

    kind: ClassVar[str] = "text"
    cell: ClassVar[Any] = str

    def __init__(self, features: Sequence[TextFeature], statistics: Sequence[TextStatistics]) -> None:
        self._features = features
        self._statistics = statistics
        self._tokenizers = [Tokenizer(one.vocabulary) for one in statistics]
        self._tfidf_encoders = [
            TfidfEncoder(fitted.ngrams, fitted.ngram_counts, fitted.n_texts, spaced=fitted.spaced)
            for fitted in statistics
        ]
        self._empty = [frozenset([None, *one.missing_values]) for one in features]
        self.tensors: dict[str, TensorType] = {}
        for index, one in enumerate(statistics):
            tokens, ngrams, weights = names(index)
            self.tensors[tokens] = TensorType("int32", (one.max_tokens,))
            self.tensors[ngrams] = TensorType("int32", (one.max_ngrams,))
            self.tensors[weights] = TensorType("float32", (one.max_ngrams,))
        fields: Any = [(name, one.dtype, one.shape) for name, one in self.tensors.items()]
        told = [("warnings", np.uint8), ("length", np.float32), ("unknown", np.float32)]
        self._type = np.dtype([*fields, *((name, dtype, (len(features),)) for name, dtype in told)])

    @staticmethod
    def fit(feature: TextFeature, column: Sequence[str | None]) -> TextStatistics:
        """Vocabularies, document counts and lengths of the texts in the column.

        A text is cut where it is longer than the longest of the column, or than MAX_CHARACTERS.
        """
        empty = frozenset([None, *feature.missing_values])
        texts = [clean(text, MAX_CHARACTERS) for text in column if text is not None and text not in empty]
        spaced = is_spaced(texts)
        counts = document_frequencies(texts, spaced=spaced)
        vocabulary = learn_vocabulary(texts)
        tokenizer = Tokenizer(vocabulary)
        tfidf_encoder = TfidfEncoder(list(counts), list(counts.values()), len(texts), spaced=spaced)
        n_tokens = [len(tokenizer.encode(text)) for text in texts]
        n_ngrams = [len(tfidf_encoder.encode(text, MAX_NGRAMS)[0]) for text in texts]
        return TextStatistics(
            spaced=spaced,
            n_texts=len(texts),
            max_characters=max([_MIN_LENGTH, *map(len, texts)]),
            max_tokens=_length(n_tokens, _TOKENS_QUANTILE, MAX_TOKENS),
            max_ngrams=_length(n_ngrams, _NGRAMS_QUANTILE, MAX_NGRAMS),
            vocabulary=vocabulary,
            ngrams=tuple(counts),
            ngram_counts=tuple(counts.values()),
        )

    @staticmethod
    def describe(statistics: TextStatistics) -> str:
        """The length."""
        return f"Text of at most {statistics.max_characters} characters, what is longer is cut."

    def vectorize(self, columns: Sequence[Sequence[str | None]] | NDArray[Any]) -> NDArray[Any]:
        """Structured array of shape (n_rows,) of one column of texts a feature."""
        raw = np.zeros(len(columns[0]), self._type)
        for index, column in enumerate(columns):
            self._write(raw, index, column)
        return raw

    def vectorize_rows(self, rows: Sequence[Sequence[str | None]]) -> NDArray[Any]:
        """As `vectorize`, of rows."""
        return self.vectorize(list(zip(*rows, strict=True)))

    def place(self, index: int) -> Any:
        """The fields of the feature's tensors."""
        return list(names(index))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Each tensor is of one feature."""
        return {name: np.array(index) for index in range(len(self._features)) for name in names(index)}

    def summary(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Characters as sent, NaN where missing or empty, and the share of the tokens that are unknown."""
        length = raw["length"]
        return np.stack([np.where(length > 0, length, np.float32(np.nan)), raw["unknown"]], axis=2)

    def ordinary(self, raw: NDArray[Any]) -> bool:
        """Whether no text is cut or all unknown."""
        return not raw["warnings"].any()

    def normalize(
        self,
        raw: NDArray[Any],
        *,
        ordinary: bool = False,  # noqa: ARG002 every text is treated alike
    ) -> Tensors:
        """The fields of the raw array, each in row order."""
        return {name: np.ascontiguousarray(raw[name]) for name in self.tensors}

    def warnings(self, raw: NDArray[Any], cell: Cell) -> Iterator[tuple[int, RowWarning]]:
        """Texts that are cut, and those of which training saw no token."""
        found = raw["warnings"]
        for row, index in np.argwhere(found) if np.count_nonzero(found) else ():
            name, most = self._features[index].name, self._statistics[index].max_characters
            shown = shorten(cell(row, index))
            if found[row, index] == _CUT:
                message = f"{shown} is cut after {most} characters, the longest text that training saw in {name!r}"
                yield int(row), RowWarning(name, "text_cut", message)
            else:
                message = f"{shown} has no word or character that training saw in {name!r}"
                yield int(row), RowWarning(name, "unseen_text", message)

    def _write(self, raw: NDArray[Any], index: int, column: Sequence[str | None]) -> None:
        fitted, empty = self._statistics[index], self._empty[index]
        tokenizer, tfidf_encoder = self._tokenizers[index], self._tfidf_encoders[index]
        tokens, ngrams, weights = (raw[name] for name in names(index))
        warnings, length, unknown = (raw[name][:, index] for name in ("warnings", "length", "unknown"))
        for row, sent in enumerate(column):
            if sent is None or sent in empty:
                continue
            text = clean(sent, fitted.max_characters)
            codes = tokenizer.encode(text)
            first = codes[: fitted.max_tokens]
            tokens[row, : len(first)] = first
            found, heavy = tfidf_encoder.encode(text, fitted.max_ngrams)
            ngrams[row, : len(found)] = found
            weights[row, : len(found)] = heavy
            length[row] = len(sent)
            unknown[row] = codes.count(UNKNOWN) / len(codes) if codes else 0
            if len(sent) > fitted.max_characters:
                warnings[row] = _CUT
            elif unknown[row] == 1:
                warnings[row] = _STRANGE


def names(index: int) -> tuple[str, str, str]:
    """Names of a feature's tensors: tokens, n-grams, weights."""
    return f"text_{index}", f"text_{index}_ngrams", f"text_{index}_weights"


def _length(lengths: Sequence[int], quantile: float, most: int) -> int:
    """What holds all but a few of the lengths."""
    usual = int(np.ceil(np.quantile(lengths, quantile))) if lengths else 0
    return min(max(usual, _MIN_LENGTH), most)
