"""Data files to typed cells: the one reader that training and offline scoring share, so that both read a cell alike.

The only module of `app` that imports polars; the HTTP service never imports it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from app.bundle.display import shorten
from app.bundle.features import Feature
from app.bundle.media import base64_files
from app.bundle.tables.archives import FileError, Files, Folder, open_files
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.tables.delimited import BLANKS, Layout, TableError, check_columns, inspect, read_rows
from app.bundle.transforms import TRANSFORMS
from app.bundle.transforms.boolean import TEXTS

__all__ = [
    "BLANKS",
    "DataFile",
    "TableError",
    "boolean_column",
    "category_column",
    "date_column",
    "filled_column",
    "is_blank",
    "number_column",
    "open_table",
    "read_file",
    "rows",
]

DELIMITED = (".csv", ".tsv", ".txt")

_BATCH_ROWS = 8_192
_CURRENCY = "$€£¥₹₽"
_SPACES = " \u00a0\u202f'’"


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file that was found readable; cells of text are stripped and never empty.

    Every column of a delimited file is text. `decimal_marks` names the columns whose decimal mark is not a point.
    `files` are those that its cells may name. `frame` is the table itself where it is held in memory.
    """

    path: Path
    columns: tuple[str, ...]
    n_rows: int
    files: Files
    layout: Layout | None = None
    decimal_marks: Mapping[str, DecimalMark] = field(default_factory=dict)
    frame: pl.DataFrame | None = None

    def read(self) -> pl.DataFrame:
        """The whole table."""
        return pl.concat(self.batches(_BATCH_ROWS), rechunk=True)

    def batches(self, n_rows: int) -> Iterator[pl.DataFrame]:
        """Tables of at most n_rows rows, in order, in memory that the file's length does not change."""
        if self.frame is not None:
            yield from self.frame.iter_slices(n_rows)
            return
        if self.layout is None:
            batches = _parquet_batches(self.path, n_rows)
        else:
            batches = _delimited_batches(self.path, self.layout, n_rows)
        for batch in batches:
            yield batch.with_columns(pl.col(pl.String).str.strip_chars().replace("", None))


def open_table(path: Path, files: Path | None = None) -> DataFile:
    """The data file at `path`: CSV, TSV or TXT, gzipped or not, or Parquet.

    A delimited file is read through once. The `files` that its cells name lie in a folder (its own where none is
    given) or a ZIP archive. Raises TableError, whose message names what is wrong and where.
    """
    if path.is_dir():
        raise TableError(f"{path}: a data file is needed, this is a folder")
    if not path.exists():
        raise TableError(f"{path}: there is no such file")
    if not path.stat().st_size:
        raise TableError(f"{path}: the file is empty")
    place = Folder(path.parent) if files is None else open_files(files)
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    if path.suffix.lower() == ".parquet":
        return _open_parquet(path, place)
    if not endings or endings[-1] not in DELIMITED:
        raise TableError(f"{path}: the name must end in .csv, .tsv, .txt (or one of them and .gz) or .parquet")
    layout = inspect(path)
    return DataFile(path, layout.columns, layout.n_rows, place, layout, layout.decimal_marks)


def number_column(series: pl.Series, mark: DecimalMark = ".") -> tuple[pl.Series, pl.Series]:
    """Float64 series, null where a cell holds no number, and the Boolean mask of cells that hold something else.

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


def category_column(series: pl.Series) -> list[str | None]:
    """The cells' canonical text: 1 and 1.0 (as numbers) are "1", true and "True" are "true", text is as it stands.

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
    """The cells as they are, text of BLANKS as None."""
    return series.to_list() if series.dtype != pl.String else series.set(is_blank(series), None).to_list()


def boolean_column(series: pl.Series, missing_values: Sequence[str] = ()) -> list[bool | str | None]:
    """The booleans, also of text; the cell's own text where it is none. BLANKS and the missing values are None."""
    texts = filled_column(pl.Series(category_column(series), dtype=pl.String))
    return [None if text is None or text in missing_values else TEXTS.get(text.lower(), text) for text in texts]


def date_column(series: pl.Series) -> list[Any]:
    """Dates and date-times as ISO 8601 text (in UTC where they have a zone), other cells as they are."""
    if isinstance(series.dtype, pl.Datetime):
        if series.dtype.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return series.dt.to_string("%Y-%m-%dT%H:%M:%S%.f").to_list()
    return series.cast(pl.String).to_list() if series.dtype == pl.Date else filled_column(series)


def is_blank(series: pl.Series) -> pl.Series:
    """Boolean mask of the text cells that are of BLANKS; false where null."""
    return series.str.to_lowercase().is_in(list(BLANKS)).fill_null(value=False)


def rows(
    frame: pl.DataFrame, features: Sequence[Feature], marks: Mapping[str, DecimalMark], files: Files | None = None
) -> list[dict[str, Any]]:
    """The rows as a request would bring them: one dict a row, with the features that the frame has.

    Numbers are float or None, or the cell's own text where it is no number, which validation then refuses by its
    rule; categories are str or None. Paths become their file in base64, or stay where there is none, to be refused.
    `marks` are the decimal marks of the data file, `files` those that its cells name.
    """
    columns = {one.name: _cells(frame[one.name], one, marks, files) for one in features if one.name in frame.columns}
    if not columns:
        return [{} for _ in range(frame.height)]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def read_file(cell: Any, files: Files | None) -> bytes | None:
    """What the file of a path holds; bytes as they are, None where null or of BLANKS. Raises FileError."""
    if isinstance(cell, bytes):
        return cell
    if cell is None or str(cell).lower() in BLANKS:
        return None
    if files is None:
        raise FileError(f"there is no place to find {shorten(cell)} in")
    return files.read(str(cell))


def _request_file(cell: Any, files: Files | None) -> str | None:
    """As a request would bring it; a path that leads nowhere stays, to be refused."""
    try:
        content = read_file(cell, files)
    except FileError:
        return str(cell)
    return None if content is None else base64_files.encode(content)


def _cells(series: pl.Series, feature: Feature, marks: Mapping[str, DecimalMark], files: Files | None) -> list[Any]:
    if TRANSFORMS[feature.kind].is_file:
        return [_request_file(cell, files) for cell in series]
    match feature.kind:
        case "number":
            return _number_cells(series, marks.get(series.name, "."))
        case "boolean":
            return boolean_column(series, feature.missing_values)
        case "date":
            return date_column(series)
        case "series":
            return filled_column(series)
        case _:
            return category_column(series)


def _number_cells(series: pl.Series, mark: DecimalMark) -> list[Any]:
    numbers, wrong = number_column(series, mark)
    cells: list[Any] = numbers.to_list()
    if wrong.any():
        texts = category_column(series)
        for index in wrong.arg_true():
            cells[index] = texts[index]
    return cells


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


def _delimited_batches(path: Path, layout: Layout, n_rows: int) -> Iterator[pl.DataFrame]:
    cells = read_rows(path, layout)
    while batch := list(islice(cells, n_rows)):
        columns = zip(layout.columns, zip(*batch, strict=True), strict=True)
        yield pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in columns])


def _open_parquet(path: Path, files: Files) -> DataFile:
    with _parquet_errors(path):
        frame = pl.scan_parquet(path)
        columns = tuple(frame.collect_schema().names())
        n_rows = int(frame.select(pl.len()).collect().item())
    check_columns(path, columns)
    if not n_rows:
        raise TableError(f"{path}: the file has columns and no row")
    return DataFile(path, columns, n_rows, files)


def _parquet_batches(path: Path, n_rows: int) -> Iterator[pl.DataFrame]:
    with _parquet_errors(path):
        for batch in pl.scan_parquet(path).collect_batches(chunk_size=n_rows, maintain_order=True):
            yield from batch.iter_slices(n_rows)


@contextmanager
def _parquet_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise TableError(f"{path}: the file cannot be read as Parquet: {reason}") from error
