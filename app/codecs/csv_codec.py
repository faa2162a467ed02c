"""CSV in UTF-8: a header line, cells separated by commas, quotes where needed (RFC 4180)."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from app.bundle.display import shorten
from app.bundle.tables.delimited import QuoteError, RowError, find_name_problem, parse_rows
from app.bundle.texts.cells import read_text
from app.bundle.transforms import TRANSFORMS, Feature
from app.codecs.base import Codec
from app.codecs.columns import Rows, instance_chunks
from app.codecs.predictions import Predictions
from app.codecs.reader import RequestReader
from app.codecs.response_schema import ResponseSchema
from app.errors import MalformedBody


class CsvCodec(Codec):
    """CSV, with cells read as by `slipway score`, except that numbers have no currency and no grouped thousands."""

    media_type = "text/csv"
    content_type = "text/csv; charset=utf-8"

    def ready(self) -> bool:
        """Return True: nothing is imported late."""
        return True

    def decode(self, body: bytes, reader: RequestReader) -> Sequence[Rows]:
        """Return the rows below the header; a cell that is empty or (except in a category) one of BLANKS is missing."""
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
        return [reader.columns.validate(instance_chunks(columns, len(rows)))]

    def writer(self, schema: ResponseSchema) -> "CsvWriter":
        """Return a writer of the columns of `slipway score` except row_id."""
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


def _parse(body: bytes) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the header and the rows, all of the header's length, without blank lines; raises MalformedBody."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"the body must be UTF-8, byte {error.start} is not") from error
    try:
        rows = list(parse_rows(io.StringIO(text, newline=""), ","))
    except QuoteError as error:
        raise MalformedBody(f"line {error.line} {error.rule}") from error
    except RowError as error:
        raise MalformedBody(str(error)) from error
    if not rows:
        raise MalformedBody("the body is empty; a header line and rows are needed")
    names = [name.strip() for name in rows[0]]
    problem = find_name_problem(names)
    if problem is not None:
        what = f"the name {shorten(problem.name)} again" if problem.name else "no name"
        raise MalformedBody(f"columns need names of their own, column {problem.position} has {what}")
    return names, rows[1:]


def _column(feature: Feature | None, cells: Sequence[str]) -> list[Any]:
    """Return the cells as JSON would have brought them."""
    read = read_text if feature is None else TRANSFORMS[feature.kind].csv_reader(feature)
    return [read(cell) for cell in cells]
