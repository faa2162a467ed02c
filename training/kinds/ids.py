"""Users and items: ids of very many, each in several rows."""

from collections.abc import Callable

import polars as pl

from app.bundle.features import ItemFeature, UserFeature
from app.bundle.normalization import IdStatistics
from training.kinds.base import Column, Source, is_useless
from training.kinds.category import UNSEEN, most_frequent, read_texts

EDGES: tuple[Callable[[IdStatistics], str | None], ...] = (
    lambda fitted: next(iter(fitted.ids), None),
    lambda fitted: next(reversed(fitted.ids), None),
    lambda _: UNSEEN,
    lambda _: None,
)


def read_users(column: Column, series: pl.Series, source: Source) -> None:
    """Fill the column with the users' ids, None where missing, and its feature."""
    _read(column, series, source, UserFeature)


def read_items(column: Column, series: pl.Series, source: Source) -> None:
    """As `read_users`, of items."""
    _read(column, series, source, ItemFeature)


def _read(column: Column, series: pl.Series, source: Source, feature: type[UserFeature | ItemFeature]) -> None:
    cells, missing = read_texts(column, series, source.settings)
    filled = [cell for cell in cells if cell is not None]
    if is_useless(column, len(cells), filled, source.settings):
        return
    column.values = cells
    column.feature = feature(
        name=column.name,
        description=source.settings.description,
        nullable=len(filled) < len(cells),
        missing_values=missing,
        example=most_frequent(filled),
    )
