"""CSV and its kin: the dialect of a file, and its rows as lists of text.

The standard library's parser and not polars' own: polars (2.1) fills short rows with nulls, renames duplicate columns
and cannot say in which line a file breaks; its sixfold speed is lost beside what is done with a row afterwards.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from app.bundle.display import shorten
from app.bundle.tables.decimal_marks import DecimalMark, DecimalMarks

BLANKS = frozenset({"na", "n/a", "nan", "null", "?", "#n/a", "<na>", "-"})
"""Text, in lower case, that stands for no value among numbers; among categories training decides ("none" is a word)."""

DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 65_536
_SAMPLE_ROWS = 100


class TableError(Exception):
    """A data file that cannot be read; the message names the file, and the column and row where it can."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What one pass over a delimited file found; `decimal_marks` holds the columns whose mark is not "."."""

    delimiter: str
    columns: tuple[str, ...]
    n_rows: int
    decimal_marks: Mapping[str, DecimalMark]


def inspect(path: Path) -> Layout:
    """Read the whole file once, so that what is wrong with it is known before its first row is used.

    Raises TableError where it is empty, not UTF-8, not gzip, malformed, ragged or without proper column names.
    """
    with _reading(path) as file:
        delimiter = _detect(file.read(_SAMPLE_CHARACTERS))
    columns: tuple[str, ...] = ()
    marks = DecimalMarks()
    n_rows = 0
    for row in _rows(path, delimiter):
        if not columns:
            columns = tuple(cell.strip() for cell in row)
            check_columns(path, columns)
            continue
        n_rows += 1
        for index, cell in enumerate(row):
            if "," in cell or "." in cell:
                marks.see(index, cell)
    if not columns:
        raise TableError(f"{path}: the file is empty; a header line and rows are needed")
    if not n_rows:
        raise TableError(f"{path}: the file has a header line and no row")
    return Layout(delimiter, columns, n_rows, marks.decide(columns, delimiter))


def read_rows(path: Path, layout: Layout) -> Iterator[list[str]]:
    """The cells of every row after the header, as they are written."""
    return islice(_rows(path, layout.delimiter), 1, None)


def check_columns(path: Path, columns: Sequence[str]) -> None:
    """Raise TableError where a column has no name, or two have the same."""
    seen: dict[str, int] = {}
    for position, name in enumerate(columns, 1):
        if not name:
            raise TableError(f"{path}: column {position} has no name; every column needs one")
        if name in seen:
            raise TableError(f"{path}: columns {seen[name]} and {position} are both named {shorten(name)}")
        seen[name] = position


def _rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Header and rows of equal length; blank lines are skipped."""
    with _reading(path) as file:
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
        width = number = 0
        try:
            for row in reader:
                if not row or (width > 1 and len(row) == 1 and not row[0].strip()):
                    continue
                width = width or len(row)
                if len(row) != width:
                    where = f"row {number - 1} (counted from 0, line {reader.line_num})"
                    raise TableError(f"{path}: {where} must have {width} cells as the header has, received {len(row)}")
                number += 1
                yield row
        except csv.Error as error:
            where = f"row {max(number - 1, 0)} (counted from 0, line {reader.line_num})"
            raise TableError(f"{path}: {where} is malformed, a quote may be unclosed: {error}") from error


def _detect(sample: str) -> str:
    """The delimiter under which most rows of the sample are as long as the first.

    Where they tie, a comma comes last, for numbers and texts hold commas too, and the widest rows come first.
    """
    best, best_score = DELIMITERS[0], (0.0, False, 1)
    for delimiter in DELIMITERS:
        reader = csv.reader(sample.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=True)
        rows = [row for row in islice(reader, _SAMPLE_ROWS) if row]
        if len(sample) == _SAMPLE_CHARACTERS and 1 < len(rows) < _SAMPLE_ROWS:
            rows.pop()
        if rows and len(rows[0]) > 1:
            score = (sum(len(row) == len(rows[0]) for row in rows) / len(rows), delimiter != ",", len(rows[0]))
            best, best_score = max((best, best_score), (delimiter, score), key=lambda pair: pair[1])
    return best


@contextmanager
def _reading(path: Path) -> Iterator[TextIO]:
    try:
        with _open(path) as file:
            yield TextIOWrapper(file, encoding="utf-8-sig", newline="")
    except UnicodeDecodeError as error:
        raise TableError(f"{path}: {_undecodable(path)}") from error
    except gzip.BadGzipFile as error:
        raise TableError(f"{path}: the name ends in .gz but the content is not gzip") from error
    except (EOFError, zlib.error) as error:
        raise TableError(f"{path}: the gzip content is cut short or damaged: {error}") from error
    except OSError as error:
        raise TableError(f"{path}: the file cannot be read: {error.strerror or error}") from error


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _undecodable(path: Path) -> str:
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                return (
                    f"line {number}, byte {error.start + 1} (0x{byte:02x}) is not UTF-8; convert the file first, "
                    "for example with: iconv -f WINDOWS-1252 -t UTF-8"
                )
    return "the content is not UTF-8"
