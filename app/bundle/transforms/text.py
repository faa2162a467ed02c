"""Text: its tokens in order, and its weighted n-grams, both as rows of a fixed length."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.bundle.bins.base import Distribution
from app.bundle.bins.measured import MeasuredDistribution, Quantity
from app.bundle.display import shorten
from app.bundle.texts.ngrams import TfidfEncoder, document_frequencies
from app.bundle.texts.tokenizer import UNKNOWN, Tokenizer, clean, is_spaced, learn_vocabulary
from app.bundle.transforms.base import CellLookup, Feature, RowWarning, Statistics, Tensors, TensorType, Transform

MAX_CHARACTERS = 8_192
MAX_TOKENS = 256
MAX_NGRAMS = 1_024
_MIN_LENGTH = 16
_TOKENS_QUANTILE, _NGRAMS_QUANTILE = 0.95, 0.99

_CUT, _UNSEEN = 1, 2
"""Values of the raw array's field `warnings`, which is 0 where there is no warning."""


class TextFeature(Feature):
    """Text in any language; a model reads its words, its characters and their order."""

    kind: Literal["text"] = "text"
    missing_values: tuple[str, ...] = ()
    example: str | None = None


class TextStatistics(Statistics):
    """Vocabularies and lengths of one text feature.

    `vocabulary` has the tokens in the order of their codes, `ngrams` the n-grams, and `ngram_counts` the number of the
    train split's `n_texts` texts that contain each. `spaced` says whether spaces separate words. Texts are cut after
    `max_characters`; `max_tokens` and `max_ngrams` are the lengths of the tensors' rows.
    """

    kind: Literal["text"] = "text"
    spaced: bool
    n_texts: Annotated[int, Field(ge=0)]
    max_characters: Annotated[int, Field(ge=1)]
    max_tokens: Annotated[int, Field(ge=1)]
    max_ngrams: Annotated[int, Field(ge=1)]
    vocabulary: tuple[str, ...]
    ngrams: tuple[str, ...]
    ngram_counts: tuple[int, ...]


class TextTransform(Transform):
    """Raw: a structured array of one field per tensor, one for warnings, and two for drift.

    Each feature has three tensors: `text_0` holds the codes of its first tokens, `text_0_ngrams` those of its n-grams
    and `text_0_weights` their weights, all padded with zeros. A missing text is read as an empty one.
    """

    kind: ClassVar[str] = "text"
    feature_type: ClassVar[type[Feature]] = TextFeature
    statistics_type: ClassVar[type[Statistics]] = TextStatistics
    distribution: ClassVar[Distribution] = MeasuredDistribution(
        "text",
        Quantity("length", unseen="unseen_token", cut="text_cut", limit=lambda fitted: fitted.max_characters),
    )
    cell: ClassVar[Any] = str

    def __init__(self, features: Sequence[TextFeature], statistics: Sequence[TextStatistics]) -> None:
        self._features = features
        self._statistics = statistics
        self._tokenizers = [Tokenizer(fitted.vocabulary) for fitted in statistics]
        self._tfidf_encoders = [
            TfidfEncoder(fitted.ngrams, fitted.ngram_counts, fitted.n_texts, spaced=fitted.spaced)
            for fitted in statistics
        ]
        self._empty = [frozenset([None, *feature.missing_values]) for feature in features]
        self.tensors: dict[str, TensorType] = {}
        for index, fitted in enumerate(statistics):
            tokens, ngrams, weights = names(index)
            self.tensors[tokens] = TensorType("int32", (fitted.max_tokens,))
            self.tensors[ngrams] = TensorType("int32", (fitted.max_ngrams,))
            self.tensors[weights] = TensorType("float32", (fitted.max_ngrams,))
        fields: Any = [(name, tensor.dtype, tensor.shape) for name, tensor in self.tensors.items()]
        notes = [("warnings", np.uint8), ("length", np.float32), ("unknown", np.float32)]
        self._type = np.dtype([*fields, *((name, dtype, (len(features),)) for name, dtype in notes)])

    @classmethod
    def fit(cls, feature: TextFeature, column: Sequence[str | None]) -> TextStatistics:
        """Return the vocabularies, document counts and lengths of the texts in the column.

        Texts are cut after the length of the column's longest, or after MAX_CHARACTERS.
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
        """Return the length after which text is cut."""
        return f"Text of at most {statistics.max_characters} characters, what is longer is cut."

    def vectorize(self, columns: Sequence[Sequence[str | None]] | NDArray[Any]) -> NDArray[Any]:
        """Return a structured array of shape (n_rows,) from one column of texts per feature."""
        raw = np.zeros(len(columns[0]), self._type)
        for index, column in enumerate(columns):
            self._write(raw, index, column)
        return raw

    def vectorize_rows(self, rows: Sequence[Sequence[str | None]]) -> NDArray[Any]:
        """Return the same array from rows."""
        return self.vectorize(list(zip(*rows, strict=True)))

    def place(self, index: int) -> Any:
        """Return the names of the fields of the feature's tensors."""
        return list(names(index))

    def owners(self) -> dict[str, NDArray[np.intp]]:
        """Return the one owner of each tensor."""
        return {name: np.array(index) for index in range(len(self._features)) for name in names(index)}

    def summary(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Return the characters sent, NaN where missing or empty, and the share of the tokens that are unknown."""
        length = raw["length"]
        return np.stack([np.where(length > 0, length, np.float32(np.nan)), raw["unknown"]], axis=2)

    def ordinary(self, raw: NDArray[Any]) -> bool:
        """Return whether no text is cut or has unknown tokens alone."""
        return not raw["warnings"].any()

    def normalize(
        self,
        raw: NDArray[Any],
        *,
        ordinary: bool = False,  # noqa: ARG002 every text is treated alike
    ) -> Tensors:
        """Return the fields of the raw array, each in row order."""
        return {name: np.ascontiguousarray(raw[name]) for name in self.tensors}

    def warnings(self, raw: NDArray[Any], cell: CellLookup) -> Iterator[tuple[int, RowWarning]]:
        """Yield a warning for each text that is cut, or that has no token that training saw."""
        reasons = raw["warnings"]
        for row, index in np.argwhere(reasons) if np.count_nonzero(reasons) else ():
            name, most = self._features[index].name, self._statistics[index].max_characters
            shown = shorten(cell(row, index))
            if reasons[row, index] == _CUT:
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
            ngram_codes, ngram_weights = tfidf_encoder.encode(text, fitted.max_ngrams)
            ngrams[row, : len(ngram_codes)] = ngram_codes
            weights[row, : len(ngram_codes)] = ngram_weights
            length[row] = len(sent)
            unknown[row] = codes.count(UNKNOWN) / len(codes) if codes else 0
            if len(sent) > fitted.max_characters:
                warnings[row] = _CUT
            elif unknown[row] == 1:
                warnings[row] = _UNSEEN


def names(index: int) -> tuple[str, str, str]:
    """Return the names of a feature's tensors: tokens, n-grams, weights."""
    return f"text_{index}", f"text_{index}_ngrams", f"text_{index}_weights"


def _length(lengths: Sequence[int], quantile: float, most: int) -> int:
    """Return a length that all but a few of the lengths fit in, at least _MIN_LENGTH and at most `most`."""
    usual = int(np.ceil(np.quantile(lengths, quantile))) if lengths else 0
    return min(max(usual, _MIN_LENGTH), most)
