"""Columns of images and of sounds, in which each cell is the path of a file, or its bytes.

Tests: tests/training/test_files.py
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import polars as pl

from app.bundle.display import shorten
from app.bundle.tables.archives import FileError
from app.bundle.tables.columns import is_blank, read_file
from training.data.kinds.base import LEFT_OUT, Source, TypedColumn, is_useless, where
from training.data.table import evenly_spaced
from training.errors import InputError

N_SAMPLED = 256
"""Files, evenly spaced, that decide the size or the length of all."""

T = TypeVar("T")


def is_usable(column: TypedColumn, series: pl.Series, source: Source) -> bool:
    """Return whether the column holds something to learn from, and note where it does not.

    A path without a file is an error only where another path leads to a file, or the kind is configured.
    """
    filled = _filled(series)
    if is_useless(column, len(series), series[filled].to_list(), source.settings):
        return False
    if source.settings.kind is None and not any(_exists(series[index], source) for index in sample(series)):
        problem = f"paths, such as {shorten(series[filled[0]])}, none of which leads to a file"
        column.note(problem, f"{LEFT_OUT}; name the files' place with --files", len(series))
        return False
    return True


def sample(series: pl.Series) -> list[int]:
    """Return the positions of at most N_SAMPLED cells with a file."""
    filled = _filled(series)
    return [filled[index] for index in evenly_spaced(len(filled), N_SAMPLED)]


def read_each(
    column: TypedColumn, series: pl.Series, source: Source, positions: Iterable[int], read: Callable[[bytes], T]
) -> list[T | None]:
    """Return the result of `read` for the file of each cell, None where the cell is missing.

    Raises InputError, with row and path, where a file is absent or `read` raises ValueError with the rule it breaks.
    """
    results: list[T | None] = []
    for index in positions:
        cell = series[index]
        try:
            content = read_file(cell, source.files)
            results.append(None if content is None else read(content))
        except FileError as error:
            raise InputError(f"{where(column, source.row_ids[index])}: {error}") from error
        except ValueError as error:
            named = shorten(cell) if isinstance(cell, str) else f"{len(cell)} bytes"
            raise InputError(f"{where(column, source.row_ids[index])}: a file {error}, received {named}") from error
    return results


def _filled(series: pl.Series) -> list[int]:
    filled = series.is_not_null()
    if series.dtype == pl.String:
        filled &= ~is_blank(series)
    return filled.arg_true().to_list()


def _exists(cell: Any, source: Source) -> bool:
    try:
        return read_file(cell, source.files) is not None
    except FileError:
        return False
