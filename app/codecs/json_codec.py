"""JSON: `{"instances": [{feature: value, …}, …]}` or `{"columns": {feature: [value, …], …}}`."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

from app.codecs.base import Codec
from app.codecs.columns import Rows, instance_chunks
from app.codecs.json_encoder import JsonEncoder
from app.codecs.predictions import Predictions
from app.codecs.reader import RequestReader
from app.codecs.request_schema import as_json, parse_json
from app.codecs.response_schema import ResponseSchema
from app.errors import InvalidInstances, Problem

_ROWS = b'{"instances"'
_COLUMNS = re.compile(rb'\s*\{\s*"columns"\s*:')


class JsonCodec(Codec):
    """JSON, the default format of requests and answers."""

    media_type = "application/json"
    content_type = media_type

    def ready(self) -> bool:
        """Return True: nothing is imported late."""
        return True

    def decode(self, body: bytes, reader: RequestReader) -> Sequence[Rows]:
        """Return the rows; the first key says whether they come as objects or by column."""
        if body.startswith(_ROWS) or not _COLUMNS.match(body):
            return [reader.schema.parse(body)]
        columns = reader.columns.decoder.columns(body)
        if columns:
            n_rows = len(next(iter(columns.values())))
            if all(len(column) == n_rows for column in columns.values()):
                batch = reader.columns.batch(columns, n_rows)
                if batch is not None:
                    return [batch]
        return [_validate_columns(body, reader)]

    def encode(self, predictions: Predictions, schema: ResponseSchema) -> bytes:
        """Return the whole body, made in one pass."""
        return schema.json_encoder.response(predictions)

    def writer(self, schema: ResponseSchema) -> "JsonWriter":
        """Return a writer of one object that holds all predictions and the model's name."""
        return JsonWriter(schema.json_encoder)


class JsonWriter:
    """Writes `{"predictions": […], "model": {…}}` in parts."""

    def __init__(self, encoder: JsonEncoder) -> None:
        self._encoder = encoder
        self._before = b'{"predictions":['

    def write(self, predictions: Predictions) -> bytes:
        """Return the next predictions."""
        before, self._before = self._before, b","
        return before + self._encoder.prediction_list(predictions)[1:-1]

    def finish(self) -> bytes:
        """Return the model's name and version, which end the object."""
        return b'],"model":' + bytes(self._encoder.identity) + b"}"


def _validate_columns(body: bytes, reader: RequestReader) -> Rows:
    """Return the rows of a body by column, by the request schema; raises MalformedBody, InvalidInstances."""
    content = parse_json(body)
    columns = content.pop("columns")
    problems = [
        Problem(None, name, "is unknown; a request holds only `columns`", as_json(value))
        for name, value in content.items()
    ]
    if isinstance(columns, dict):
        problems += _misshapen(columns)
    else:
        problems.append(Problem(None, None, "must be an object of lists", as_json(columns)))
    if problems:
        raise InvalidInstances(problems, len(problems))
    n_rows = max(map(len, columns.values()), default=0)
    return reader.columns.validate(instance_chunks(columns, n_rows))


def _misshapen(columns: dict[str, Any]) -> list[Problem]:
    """Return a problem for each value that is no list, and for each list that is shorter than the longest."""
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
