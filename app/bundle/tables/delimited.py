"""Delimited text: the rules of files and of requests alike, the dialect of a file, and its rows as lists of text.

This uses the standard library's parser instead of polars' own: polars (2.1) fills short rows with nulls, renames
duplicate columns and cannot say in which line a file breaks; its sixfold speed matters little beside later steps.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from app.bundle.display import shorten
from app.bundle.tables.decimal_marks import DecimalMark, DecimalMarks
from app.bundle.tables.errors import TableError

DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 65_536
_SAMPLE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """The dialect and the columns of a delimited file; `decimal_marks` holds the columns whose mark is not "."."""

    delimiter: str
    columns: tuple[str, ...]
    n_rows: int
    decimal_marks: Mapping[str, DecimalMark]


def inspect(path: Path) -> Layout:
    """Read the whole file once and return its layout, so that any error is known before its first row is used.

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
    """Yield the cells of every row below the header, as they are written."""
    return islice(_rows(path, layout.delimiter), 1, None)


class RowError(Exception):
    """A row of delimited text that breaks a rule; `row` is counted from 0 below the header, `line` from 1."""

    def __init__(self, row: int, line: int, rule: str) -> None:
        super().__init__(f"row {row} (counted from 0, line {line}) {rule}")
        self.line = line
        self.rule = rule


class QuoteError(RowError):
    """A row whose quotes cannot be read."""


@dataclass(frozen=True, slots=True)
class NameProblem:
    """A column, by its position from 1, that has no name, or the name of the column at position `first`."""

    position: int
    name: str
    first: int | None


def parse_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the header and the rows, all of the header's length; blank lines are skipped.

    Raises RowError where a row has another length than the header, QuoteError where its quotes cannot be read.
    """
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    width, row = 0, -1
    try:
        for cells in reader:
            if not cells or (width > 1 and len(cells) == 1 and not cells[0].strip()):
                continue
            width = width or len(cells)
            if len(cells) != width:
                rule = f"must have {width} cells as the header has, received {len(cells)}"
                raise RowError(row, reader.line_num, rule)
            row += 1
            yield cells
    except csv.Error as error:
        rule = f"is malformed, a quote may be unclosed: {error}"
        raise QuoteError(max(row, 0), reader.line_num, rule) from error


def find_name_problem(names: Sequence[str]) -> NameProblem | None:
    """Return the first column without a name, or with another column's, None where there is none."""
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if not name or name in seen:
            return NameProblem(position, name, seen.get(name))
        seen[name] = position
    return None


def check_columns(path: Path, names: Sequence[str]) -> None:
    """Raise TableError where a column has no name, or two have the same."""
    problem = find_name_problem(names)
    if problem is None:
        return
    if problem.first is None:
        raise TableError(f"{path}: column {problem.position} has no name; every column needs one")
    both = f"columns {problem.first} and {problem.position}"
    raise TableError(f"{path}: {both} are both named {shorten(problem.name)}")


def _rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Yield the header and the rows of a file; raise TableError."""
    with _reading(path) as file:
        try:
            yield from parse_rows(file, delimiter)
        except RowError as error:
            raise TableError(f"{path}: {error}") from error


def _detect(sample: str) -> str:
    """Return the delimiter under which most rows of the sample are as long as the first.

    In a tie a comma comes last, since numbers and texts hold commas too, and the delimiter of the widest rows first.
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
