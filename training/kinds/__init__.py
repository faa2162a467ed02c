"""The kinds of columns as a data file holds them, a module a kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from training.kinds import audio, boolean, category, date, ids, image, number, series, text
from training.kinds.base import Column, Source


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` fills a column with its cells and its feature, or notes why it is left out.

    `edges` make, of a feature's statistics, cells that hardly a test split holds and every service meets.
    """

    read: Callable[[Column, pl.Series, Source], None]
    edges: tuple[Callable[[Any], Any], ...]


KINDS: Mapping[str, Kind] = {
    "number": Kind(number.read, number.EDGES),
    "category": Kind(category.read, category.EDGES),
    "boolean": Kind(boolean.read, boolean.EDGES),
    "date": Kind(date.read, date.EDGES),
    "text": Kind(text.read, text.EDGES),
    "series": Kind(series.read, series.EDGES),
    "image": Kind(image.read, image.EDGES),
    "audio": Kind(audio.read, audio.EDGES),
    "user": Kind(ids.read_users, ids.EDGES),
    "item": Kind(ids.read_items, ids.EDGES),
}
