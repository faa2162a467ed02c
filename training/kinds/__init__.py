"""The kinds of columns as a data file holds them, a module a kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from training.kinds import audio, boolean, category, date, image, number, series, text
from training.kinds.base import Column, Source, Summary


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` fills a column with its cells and its feature, or notes why it is left out.

    `edges` make, of a feature's statistics, cells that hardly a test split holds and every service meets. `summarize`
    tells a person, of a feature, its statistics and its cells in the train split, how they look.
    """

    read: Callable[[Column, pl.Series, Source], None]
    edges: tuple[Callable[[Any], Any], ...]
    summarize: Callable[[Any, Any, Sequence[Any]], Summary]


KINDS: Mapping[str, Kind] = {
    "number": Kind(number.read, number.EDGES, number.summarize),
    "category": Kind(category.read, category.EDGES, category.summarize),
    "boolean": Kind(boolean.read, boolean.EDGES, boolean.summarize),
    "date": Kind(date.read, date.EDGES, date.summarize),
    "text": Kind(text.read, text.EDGES, text.summarize),
    "series": Kind(series.read, series.EDGES, series.summarize),
    "image": Kind(image.read, image.EDGES, image.summarize),
    "audio": Kind(audio.read, audio.EDGES, audio.summarize),
}
