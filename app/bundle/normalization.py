"""normalization.json: what was fitted on the train split alone, one entry a feature."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.bundle.errors import Frozen


class NormalScores(Frozen):
    """A curve from quantiles of a number, ascending, to those of the standard normal; it is level beyond its ends."""

    values: Annotated[tuple[float, ...], Field(min_length=2)]
    scores: tuple[float, ...]

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        if len(self.values) != len(self.scores):
            raise ValueError(f"each value needs a score, received {len(self.values)} and {len(self.scores)}")
        if any(low >= high for line in (self.values, self.scores) for low, high in pairwise(line)):
            raise ValueError("values and scores must ascend")
        return self


class NumberStatistics(Frozen):
    """Statistics of one number over the train split, missing cells left out.

    Where its tails are heavy it has normal scores, which are read in place of mean and deviation.
    """

    kind: Literal["number"] = "number"
    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]
    median: float
    minimum: float
    maximum: float
    normal_scores: NormalScores | None = None


class CategoryStatistics(Frozen):
    """The vocabulary of one category: its strings, the most frequent first."""

    kind: Literal["category"] = "category"
    categories: tuple[str, ...]


class TextStatistics(Frozen):
    """Vocabularies and lengths of one text.

    `vocabulary` are the tokens in the order of their codes, `ngrams` the n-grams, and `ngram_counts` tells in how
    many of the train split's `n_texts` texts each stands. `spaced` says whether spaces separate words. Texts are cut
    after `max_characters`; `max_tokens` and `max_ngrams` are the lengths of the tensors' rows.
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


class ImageStatistics(Frozen):
    """Of one image's pixels, 0 to 255, a number a channel."""

    kind: Literal["image"] = "image"
    mean: tuple[float, ...]
    standard_deviation: tuple[Annotated[float, Field(gt=0)], ...]


class AudioStatistics(Frozen):
    """Of one sound's loudness in decibels, a number a band."""

    kind: Literal["audio"] = "audio"
    mean: tuple[float, ...]
    standard_deviation: tuple[Annotated[float, Field(gt=0)], ...]


class SeriesStatistics(Frozen):
    """Statistics of all numbers of a feature's series over the train split, and of the series' lengths.

    Of a longer series the first `longest` numbers are read.
    """

    kind: Literal["series"] = "series"
    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]
    minimum: float
    maximum: float
    shortest: Annotated[int, Field(ge=1)]
    longest: Annotated[int, Field(ge=1)]


class DateStatistics(Frozen):
    """Statistics of one date over the train split, in seconds since 1970 (UTC)."""

    kind: Literal["date"] = "date"
    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]
    minimum: float
    maximum: float
    has_times: bool


class BooleanStatistics(Frozen):
    """How often one boolean is true in the train split, missing cells left out; for people, the tensor needs it not."""

    kind: Literal["boolean"] = "boolean"
    true_share: Annotated[float, Field(ge=0, le=1)]


class IdStatistics(Frozen):
    """The ids that the train split holds twice or more, the most frequent first; all others share `buckets` codes."""

    ids: tuple[str, ...]
    buckets: Annotated[int, Field(ge=1)]


class UserStatistics(IdStatistics):
    """The users."""

    kind: Literal["user"] = "user"


class ItemStatistics(IdStatistics):
    """The items."""

    kind: Literal["item"] = "item"


class TargetStatistics(Frozen):
    """Scale of a regression target: the network answers (value - mean) / standard_deviation."""

    mean: float
    standard_deviation: Annotated[float, Field(gt=0)]


Statistics = Annotated[
    NumberStatistics
    | CategoryStatistics
    | BooleanStatistics
    | DateStatistics
    | TextStatistics
    | SeriesStatistics
    | ImageStatistics
    | AudioStatistics
    | UserStatistics
    | ItemStatistics,
    Field(discriminator="kind"),
]


class Normalization(Frozen):
    """All statistics of a bundle; `target` is set for regression alone."""

    features: dict[str, Statistics]
    target: TargetStatistics | None = None
