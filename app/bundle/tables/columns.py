"""Columns of a data file as typed cells, read alike in training and in offline scoring."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.media import base64_files
from app.bundle.tables.archives import FileError, Files
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.tables.errors import TableError
from app.bundle.texts.cells import BLANKS, BOOLEANS

_CURRENCY = "$€£¥₹₽"
_SPACES = " \u00a0\u202f'’"


def number_column(series: pl.Series, mark: DecimalMark = ".") -> tuple[pl.Series, pl.Series]:
    """Return a Float64 series, null where a cell holds no number, and the mask of cells that hold something else.

    Text may group thousands (1,234 · 1 234 · 1'234, or 1.234 where the decimal mark is a comma) and carry a currency
    or percent sign, which is dropped: 5% is 5. Text of BLANKS is null. NaN is null, infinity is not a number.
    """
    if series.dtype == pl.String:
        numbers = _parse_numbers(series, mark)
        filled = series.is_not_null() & ~is_blank(series)
    elif series.dtype.is_numeric():
        numbers = series.cast(pl.Float64, strict=False).fill_nan(None)
        filled = series.is_not_null() & (series.cast(pl.Float64, strict=False).is_nan() != pl.Series([True]))
    else:
        numbers = pl.Series(series.name, [None] * len(series), dtype=pl.Float64)
        filled = series.is_not_null()
    numbers = numbers.set(~numbers.is_finite().fill_null(value=True), None)
    return numbers, filled & numbers.is_null()


def number_cells(series: pl.Series, mark: DecimalMark) -> list[Any]:
    """Return floats, None where missing, and the text of the cells that hold no number."""
    numbers, wrong = number_column(series, mark)
    cells: list[Any] = numbers.to_list()
    if wrong.any():
        texts = category_column(series)
        for index in wrong.arg_true():
            cells[index] = texts[index]
    return cells


def category_column(series: pl.Series) -> list[str | None]:
    """Return the canonical text of each cell: "1" for 1 and 1.0, "true" for true and "True", other text as it stands.

    Raises TableError where cells hold lists, structures or bytes.
    """
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        raise TableError(f"column {series.name!r}: cells of type {series.dtype} cannot be read as categories")
    if series.dtype.is_float():
        series = series.fill_nan(None)
        whole = series.round() == series
        integers = series.cast(pl.Int64, strict=False).cast(pl.String)
        text = series.cast(pl.String).zip_with(~whole.fill_null(value=False) | integers.is_null(), integers)
    else:
        text = series.cast(pl.String)
    lower = text.str.to_lowercase()
    cells: list[str | None] = text.zip_with(~lower.is_in(["true", "false"]).fill_null(value=False), lower).to_list()
    return cells


def filled_column(series: pl.Series) -> list[Any]:
    """Return the cells as they are, None for text of BLANKS."""
    return series.to_list() if series.dtype != pl.String else series.set(is_blank(series), None).to_list()


def boolean_column(series: pl.Series, missing_values: Sequence[str] = ()) -> list[bool | str | None]:
    """Return booleans, also from text; text that is none as it stands; None for BLANKS and the missing values."""
    texts = filled_column(pl.Series(category_column(series), dtype=pl.String))
    return [None if text is None or text in missing_values else BOOLEANS.get(text.lower(), text) for text in texts]


def date_column(series: pl.Series) -> list[Any]:
    """Return dates and date-times as ISO 8601 text (in UTC where they have a zone), other cells as they are."""
    if isinstance(series.dtype, pl.Datetime):
        if series.dtype.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return series.dt.to_string("%Y-%m-%dT%H:%M:%S%.f").to_list()
    return series.cast(pl.String).to_list() if series.dtype == pl.Date else filled_column(series)


def file_cells(series: pl.Series, files: Files | None) -> list[str | None]:
    """Return base64 text of the file that each path names; a path that leads nowhere stays, to be refused."""
    return [_file_cell(cell, files) for cell in series]


def is_blank(series: pl.Series) -> pl.Series:
    """Return the Boolean mask of text cells that are of BLANKS; false where null."""
    return series.str.to_lowercase().is_in(list(BLANKS)).fill_null(value=False)


def read_file(cell: Any, files: Files | None) -> bytes | None:
    """Return the content of the file that a path names; bytes unchanged, None for null and BLANKS. Raises FileError."""
    if isinstance(cell, bytes):
        return cell
    if cell is None or str(cell).lower() in BLANKS:
        return None
    if files is None:
        raise FileError(f"there is no place to find {shorten(cell)} in")
    return files.read(str(cell))


def _file_cell(cell: Any, files: Files | None) -> str | None:
    try:
        content = read_file(cell, files)
    except FileError:
        return str(cell)
    return None if content is None else base64_files.encode(content)


def _parse_numbers(series: pl.Series, mark: DecimalMark) -> pl.Series:
    decimal = "," if mark == "," else "."
    groups = _SPACES + {".": ",", ",": ".", "?": ""}[mark]
    text = series.str.replace("−", "-", literal=True)
    text = text.str.replace(rf"^([+-]?)\s*[{_CURRENCY}]\s*", "$1").str.replace(rf"\s*[%{_CURRENCY}]$", "")
    plain = text.str.contains(rf"^[+-]?(?:\d+[{decimal}]?\d*|[{decimal}]\d+)(?:[eE][+-]?\d+)?$")
    grouped = text.str.contains(rf"^[+-]?\d{{1,3}}(?:[{groups}]\d{{3}})+(?:[{decimal}]\d+)?$")
    ungrouped = text.str.replace_all(f"[{groups}]", "").zip_with(~plain.fill_null(value=False), text)
    readable = (plain | grouped).fill_null(value=False)
    numbers = ungrouped.str.replace(decimal, ".", literal=True).set(~readable, None)
    return numbers.cast(pl.Float64, strict=False)
