"""JSON: `{"instances": [{feature: value, …}, …]}` or `{"columns": {feature: [value, …], …}}`."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

from app.codecs.base import Format
from app.codecs.columns import Payload, pieces
from app.codecs.predictions import Answers
from app.codecs.request_schema import as_json, parse_json
from app.errors import InvalidInstances, Problem
from app.models.model import LoadedModel

_ROWS = b'{"instances"'
_COLUMNS = re.compile(rb'\s*\{\s*"columns"\s*:')


class Json(Format):
    """The form of requests and answers by default."""

    media_type = "application/json"
    content_type = media_type

    def ready(self) -> bool:
        """Always."""
        return True

    def decode(self, body: bytes, model: LoadedModel) -> Sequence[Payload]:
        """Rows or columns, whichever the first key names."""
        if body.startswith(_ROWS) or not _COLUMNS.match(body):
            return [model.schema.parse(body)]
        columns = model.columns.decoder.columns(body)
        if columns:
            n_rows = len(next(iter(columns.values())))
            if all(len(column) == n_rows for column in columns.values()):
                table = model.columns.table(columns, n_rows)
                if table is not None:
                    return [table]
        return [_judge(body, model)]

    def encode(self, answers: Answers, model: LoadedModel) -> bytes:
        """In one pass."""
        return model.encoder.response(answers)

    def writer(self, model: LoadedModel) -> "JsonWriter":
        """One object of all predictions, and the model's name."""
        return JsonWriter(model)


class JsonWriter:
    """Parts of `{"predictions": […], "model": {…}}`."""

    def __init__(self, model: LoadedModel) -> None:
        self._encoder = model.encoder
        self._before = b'{"predictions":['

    def write(self, answers: Answers) -> bytes:
        """Some more predictions."""
        before, self._before = self._before, b","
        return before + self._encoder.predictions(answers)[1:-1]

    def finish(self) -> bytes:
        """The model."""
        return b'],"model":' + bytes(self._encoder.identity) + b"}"


def _judge(body: bytes, model: LoadedModel) -> Payload:
    content = parse_json(body)
    columns = content.pop("columns")
    problems = [
        Problem(None, name, "is unknown; a request holds `columns` alone", as_json(value))
        for name, value in content.items()
    ]
    if isinstance(columns, dict):
        problems += _misshapen(columns)
    else:
        problems.append(Problem(None, None, "must be an object of lists", as_json(columns)))
    if problems:
        raise InvalidInstances(problems, len(problems))
    n_rows = max(map(len, columns.values()), default=0)
    return model.columns.judge(pieces(columns, n_rows))


def _misshapen(columns: dict[str, Any]) -> list[Problem]:
    """What is no list, and lists that are not as long as the longest."""
    lists = {name: column for name, column in columns.items() if isinstance(column, list)}
    longest = max(map(len, lists.values()), default=0)
    wrong = (
        Problem(None, name, "must be a list of values", as_json(column))
        for name, column in columns.items()
        if name not in lists
    )
    short = (
        Problem(None, name, f"must have {longest} values, as the longest has", str(len(column)))
        for name, column in lists.items()
        if len(column) < longest
    )
    return list(chain(wrong, short))
