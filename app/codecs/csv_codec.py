"""CSV in UTF-8: a header line, cells separated by commas, quotes where needed (RFC 4180)."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from app.bundle.display import shorten
from app.bundle.tables.delimited import QuoteError, RowError, find_name_problem, parse_rows
from app.bundle.texts.cells import read_text
from app.bundle.transforms import TRANSFORMS, Feature
from app.codecs.base import Format
from app.codecs.columns import Payload, pieces
from app.codecs.predictions import Answers
from app.errors import MalformedBody
from app.models.model import LoadedModel


class Csv(Format):
    """Cells are read as `python -m app score` reads them, but numbers are plain: no currency, no grouped thousands."""

    media_type = "text/csv"
    content_type = "text/csv; charset=utf-8"

    def ready(self) -> bool:
        """Always."""
        return True

    def decode(self, body: bytes, model: LoadedModel) -> Sequence[Payload]:
        """The rows below the header; a cell that is empty or (but for categories) of BLANKS is missing."""
        names, rows = _parse(body)
        features = model.columns.features
        columns: dict[str, list[Any]] = {}
        for name, cells in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
            columns[name] = _column(features.get(name), cells)
        numbers = (name for name in model.columns.number_names if name in columns)
        if not any(str in map(type, columns[name]) for name in numbers):
            table = model.columns.table(columns, len(rows))
            if table is not None:
                return [table]
        return [model.columns.judge(pieces(columns, len(rows)))]

    def writer(self, model: LoadedModel) -> "CsvWriter":
        """The columns that `python -m app score` writes, without row_id."""
        return CsvWriter(model)


class CsvWriter:
    """A header line and a line a row."""

    def __init__(self, model: LoadedModel) -> None:
        self._labels = model.manifest.labels
        self._header: list[str] | None = answer_columns(model)

    def write(self, answers: Answers) -> bytes:
        """Some more lines."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self._header is not None:
            writer.writerow(self._header)
            self._header = None
        if self._labels is None:
            writer.writerows(answers.decoded.tolist())
        else:
            labels = self._labels
            cells = zip(answers.labels.tolist(), answers.decoded.tolist(), _review_cells(answers), strict=True)
            writer.writerows([labels[index], *row, *review] for index, row, review in cells)
        return text.getvalue().encode()

    def finish(self) -> bytes:
        """Nothing: the last line was the end."""
        return b""


def answer_columns(model: LoadedModel) -> list[str]:
    """Names of an answer's columns."""
    review = ["review"] if model.manifest.review else []
    return ["prediction", *(f"p_{label}" for label in model.manifest.labels or ()), *review]


def _review_cells(answers: Answers) -> list[tuple[str, ...]]:
    """A row's last cell, which only models with a review band have."""
    if answers.review is None:
        return [()] * len(answers)
    return [("true",) if one else ("false",) for one in answers.review.tolist()]


def _parse(body: bytes) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the header and the rows, all of the header's length."""
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
    """The cells as JSON would have brought them."""
    read = read_text if feature is None else TRANSFORMS[feature.kind].csv_reader(feature)
    return [read(cell) for cell in cells]
