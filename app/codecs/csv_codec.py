"""CSV in UTF-8: a header line, cells separated by commas, quotes where needed (RFC 4180)."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.bundle.display import shorten
from app.bundle.features import Feature
from app.bundle.tables.delimited import BLANKS
from app.bundle.transforms.boolean import TEXTS
from app.codecs.base import Codec
from app.codecs.columns import Rows, pieces
from app.codecs.predictions import Predictions
from app.codecs.reader import RequestReader
from app.codecs.response_schema import ResponseSchema
from app.errors import MalformedBody

# Possessive: digits that were read are not given back, which would cost the square of their number.
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")


class CsvCodec(Codec):
    """Cells are read as `python -m app score` reads them, but numbers are plain: no currency, no grouped thousands."""

    media_type = "text/csv"
    content_type = "text/csv; charset=utf-8"

    def ready(self) -> bool:
        """Return True: nothing is imported late."""
        return True

    def decode(self, body: bytes, reader: RequestReader) -> Sequence[Rows]:
        """Return the rows below the header; a cell that is empty or (but for categories) of BLANKS is missing."""
        names, rows = _parse(body)
        features = reader.columns.features
        columns: dict[str, list[Any]] = {}
        for name, cells in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
            columns[name] = _column(features.get(name), cells)
        numbers = (name for name in reader.columns.number_names if name in columns)
        if not any(str in map(type, columns[name]) for name in numbers):
            batch = reader.columns.batch(columns, len(rows))
            if batch is not None:
                return [batch]
        return [reader.columns.judge(pieces(columns, len(rows)))]

    def writer(self, schema: ResponseSchema) -> "CsvWriter":
        """Return a writer of the columns that `python -m app score` writes, without row_id."""
        return CsvWriter(schema)


class CsvWriter:
    """Writes a header line, then a line for each row."""

    def __init__(self, schema: ResponseSchema) -> None:
        self._labels = schema.labels
        self._header: Sequence[str] | None = schema.columns

    def write(self, predictions: Predictions) -> bytes:
        """Return the lines of some more rows."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self._header is not None:
            writer.writerow(self._header)
            self._header = None
        if self._labels is None:
            writer.writerows(predictions.decoded.tolist())
        else:
            labels = self._labels
            cells = zip(
                predictions.labels.tolist(), predictions.decoded.tolist(), _review_cells(predictions), strict=True
            )
            writer.writerows([labels[index], *row, *review] for index, row, review in cells)
        return text.getvalue().encode()

    def finish(self) -> bytes:
        """Return nothing: the last line ended the body."""
        return b""


def _review_cells(predictions: Predictions) -> list[tuple[str, ...]]:
    """Return each row's last cell, which only models with a review band have."""
    if predictions.review is None:
        return [()] * len(predictions)
    return [("true",) if review else ("false",) for review in predictions.review.tolist()]


def _parse(body: bytes) -> tuple[list[str], list[list[str]]]:
    """The header and the rows, all of the header's length; blank lines are skipped."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"the body must be UTF-8, byte {error.start} is not") from error
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not row or (rows and len(rows[0]) > 1 and len(row) == 1 and not row[0].strip()):
                continue
            if rows and len(row) != len(rows[0]):
                where = f"row {len(rows) - 1} (counted from 0, line {reader.line_num})"
                raise MalformedBody(f"{where} must have {len(rows[0])} cells as the header has, received {len(row)}")
            rows.append(row)
    except csv.Error as error:
        raise MalformedBody(f"line {reader.line_num} is malformed, a quote may be unclosed: {error}") from error
    if not rows:
        raise MalformedBody("the body is empty; a header line and rows are needed")
    names = [name.strip() for name in rows[0]]
    for index, name in enumerate(names):
        if not name or name in names[:index]:
            what = f"the name {shorten(name)} again" if name else "no name"
            raise MalformedBody(f"columns need names of their own, column {index + 1} has {what}")
    return names, rows[1:]


def _column(feature: Feature | None, cells: Sequence[str]) -> list[Any]:
    """The cells as JSON would have brought them."""
    if feature is None:
        return [_text(cell) for cell in cells]
    if feature.kind == "boolean":
        return [None if cell.strip() in feature.missing_values else _boolean(cell) for cell in cells]
    read = _READ.get(feature.kind, _text)
    return [read(cell) for cell in cells]


def _number(cell: str) -> float | str | None:
    """The number, None where missing, or the text that is no number, which the schema refuses."""
    text = cell.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    return None if not text or text.lower() in BLANKS else text


def _text(cell: str) -> str | None:
    text = cell.strip()
    lower = text.lower()
    return lower if lower in ("true", "false") else text or None


def _filled(cell: str) -> str | None:
    """The text, None where missing."""
    text = cell.strip()
    return None if not text or text.lower() in BLANKS else text


def _boolean(cell: str) -> bool | str | None:
    """The boolean, None where missing, or the text that is none, which the schema refuses."""
    text = _filled(cell)
    return None if text is None else TEXTS.get(text.lower(), text)


_READ: Mapping[str, Callable[[str], Any]] = {"number": _number, "series": _filled, "date": _filled}
