"""The kinds of columns as a data file holds them, a module a kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from training.data.kinds import audio, boolean, category, date, ids, image, number, series, text
from training.data.kinds.base import Column, Source, Summary, no_grid


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` fills a column with its cells and its feature, or notes why it is left out.

    `takes` says what the service takes for a cell. `edges` make, of a feature's statistics, cells that hardly a test
    split holds and every service meets. `summarize` tells a person, of a feature, its statistics and its cells in the
    train split, how they look. `grid` chooses, of a column's cells, values that tell how answers depend on it: floats,
    ascending, or others.
    """

    read: Callable[[Column, pl.Series, Source], None]
    takes: str
    edges: tuple[Callable[[Any], Any], ...]
    summarize: Callable[[Any, Any, Sequence[Any]], Summary]
    grid: Callable[[Any], Sequence[Any]] = no_grid


KINDS: Mapping[str, Kind] = {
    "number": Kind(number.read, "a number", number.EDGES, number.summarize, number.grid),
    "category": Kind(category.read, "a string", category.EDGES, category.summarize, category.grid),
    "boolean": Kind(boolean.read, "true or false", boolean.EDGES, boolean.summarize, boolean.grid),
    "date": Kind(date.read, "a date, with or without its time", date.EDGES, date.summarize, date.grid),
    "text": Kind(text.read, "text", text.EDGES, text.summarize),
    "series": Kind(series.read, "one number or more, in order", series.EDGES, series.summarize),
    "image": Kind(image.read, "a PNG or JPEG image", image.EDGES, image.summarize),
    "audio": Kind(audio.read, "a WAV sound", audio.EDGES, audio.summarize),
    "user": Kind(ids.read_users, "a string", ids.EDGES, ids.summarize),
    "item": Kind(ids.read_items, "a string", ids.EDGES, ids.summarize),
}
