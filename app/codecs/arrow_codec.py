"""Arrow IPC streams (extra `arrow`). The only importer of pyarrow, when it is first used."""

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.bundle.display import truncate
from app.bundle.media import base64_files
from app.bundle.transforms import TRANSFORMS
from app.codecs.arrow_messages import DICTIONARY, SCHEMA, Message, Splitter
from app.codecs.base import Codec
from app.codecs.columns import CHUNK_ROWS, Column, Rows, instance_chunks
from app.codecs.predictions import Predictions
from app.codecs.reader import RequestReader
from app.codecs.request_schema import Instance
from app.codecs.response_schema import ResponseSchema
from app.errors import BodyTooLarge, InvalidInstances, MalformedBody, Problem

_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Marks the end of a stream."""

ArrowType = Literal["float64", "numeric", "string", "dictionary", "null", "bool", "binary", "list", "time", "other"]
"""Groups of Arrow types whose cells are read in the same way."""

_SPECIAL: Mapping[ArrowType, str] = {"list": "lists", "time": "dates and timestamps", "binary": "bytes"}
"""The groups that only features of some kinds take, with their names in errors."""


@cache
def installed() -> bool:
    """Return whether pyarrow can be imported; the first call imports it, which takes a while."""
    try:
        import pyarrow  # noqa: F401, PLC0415 it costs what only callers with Arrow should pay
    except ImportError:
        return False
    return True


class ArrowCodec(Codec):
    """Arrow IPC streams of record batches."""

    media_type = "application/vnd.apache.arrow.stream"
    content_type = media_type

    def ready(self) -> bool:
        """Return whether pyarrow has been imported, which the first caller waits for."""
        return "pyarrow" in sys.modules and installed()

    def decode(self, body: bytes, reader: RequestReader) -> Sequence[Rows]:
        """Return the rows of each record batch that has any."""
        stream = ArrowReader(reader)
        batches = [stream.read(message) for message in stream.feed(body)]
        stream.finish()
        return [rows for rows in batches if len(rows)]

    def writer(self, schema: ResponseSchema) -> "ArrowWriter":
        """Return a writer of one record batch per part, with the columns of `slipway score` except row_id."""
        return ArrowWriter(schema)


class ArrowReader:
    """Reads one stream by one version's rules, in memory that does not grow with the stream's length."""

    def __init__(self, reader: RequestReader) -> None:
        self._reader = reader
        self._limit = reader.max_body_bytes
        self._max_rows = reader.max_stream_rows
        self._splitter = Splitter(self._limit)
        self._source = _Source()
        self._stream: Any = None
        self._begun = False
        self._types: Mapping[str, ArrowType] = {}
        self._all_double = False
        self._n_rows = 0

    def feed(self, part: bytes) -> Iterator[Message]:
        """Return the messages that are whole now, each to be read before the next.

        Raises MalformedBody, BodyTooLarge.
        """
        return self._splitter.feed(part)

    def read(self, message: Message) -> Rows:
        """Return the rows of a message; there are none unless it is a record batch.

        Raises MalformedBody, BodyTooLarge, and InvalidInstances, whose instances are counted from the stream's start.
        """
        self._check(message)
        doubles = self._doubles(message)
        if doubles is not None:
            self._n_rows += len(doubles)
            return doubles
        self._source.messages.append(memoryview(message.content))
        batch = self._batch(message)
        return [] if batch is None else self._rows(batch)

    def finish(self) -> None:
        """Raise MalformedBody where the stream is cut short, InvalidInstances where it held no row."""
        self._splitter.finish()
        if not self._begun:
            raise MalformedBody("the body is empty; an Arrow IPC stream is needed")
        if not self._n_rows:
            self._reader.schema.check([])

    def _check(self, message: Message) -> None:
        """Raise MalformedBody if a message is out of order, and BodyTooLarge if it has too many cells or rows."""
        head = message.head
        if self._begun == (head.message_type == SCHEMA):
            raise MalformedBody("an Arrow stream has one schema, and that comes first")
        if head.n_rows * max(len(self._types), 1) > self._limit:  # a column of nulls alone takes no bytes
            raise BodyTooLarge(f"a record batch has at most {self._limit} cells, received {head.n_rows} rows")
        if head.message_type != DICTIONARY and self._n_rows + head.n_rows > self._max_rows:
            raise BodyTooLarge(f"an Arrow stream has at most {self._max_rows} rows")

    def _doubles(self, message: Message) -> Rows | None:
        """Return the rows of a record batch of float64 columns without nulls, which lie in the message as a matrix.

        Return None for any other message, and if a cell breaks a rule.
        """
        head = message.head
        if not (self._all_double and head.matrix and head.n_rows) or head.matrix[2] != len(self._types):
            return None
        offset, stride, n_columns = head.matrix
        start = len(message.content) - head.n_body + offset
        cells = np.ndarray((n_columns, head.n_rows), "<f8", message.content, start, (stride, 8))
        return self._reader.columns.batch_of_numbers(list(self._types), cells)

    def _batch(self, message: Message) -> Any:
        """Return a record batch as Arrow reads it, None for any other message; raises MalformedBody."""
        import pyarrow as pa  # noqa: PLC0415

        try:
            if message.head.message_type == SCHEMA:
                self._types = _column_types(message.content)
                self._begun = True
                known = self._types.keys() <= set(self._reader.columns.number_names)
                self._all_double = known and set(self._types.values()) == {"float64"}
                return None
            if self._stream is None:
                self._stream = pa.ipc.open_stream(pa.PythonFile(self._source, mode="r"))
            if message.head.message_type == DICTIONARY:
                return None
            batch = self._stream.read_next_batch()
            batch.validate(full=True)
        except (pa.ArrowException, OSError, ValueError) as error:  # names that are not UTF-8 are a ValueError
            reason = truncate(str(error).partition("\n")[0])
            raise MalformedBody(f"the Arrow stream cannot be read: {reason}") from error
        return batch

    def _rows(self, batch: Any) -> Rows:
        first, self._n_rows = self._n_rows, self._n_rows + batch.num_rows
        if not batch.num_rows:
            return []
        columns = self._columns(batch)
        valid = None if columns is None else self._reader.columns.batch(columns, batch.num_rows)
        return self._reader.columns.validate(self._pieces(batch), first) if valid is None else valid

    def _columns(self, batch: Any) -> dict[str, Column] | None:
        """Return the columns by feature; None if a column has no feature, or a type that its feature does not take."""
        features = self._reader.columns.features
        columns: dict[str, Column] = {}
        numbers: list[int] = []
        for index, (name, arrow_type) in enumerate(self._types.items()):
            wanted = features.get(name)
            if wanted is None:
                return None
            column_type = TRANSFORMS[wanted.kind].column_type
            if column_type is float and arrow_type in ("float64", "numeric"):
                numbers.append(index)
            elif arrow_type == "null":
                columns[name] = [None] * batch.num_rows
            elif column_type is str and arrow_type in ("string", "dictionary"):
                columns[name] = _texts(batch.column(index), arrow_type)
            else:
                return None
        arrow_types = list(self._types.values())
        matrix = _matrix(batch, numbers, all_double=all(arrow_types[index] == "float64" for index in numbers))
        if matrix is None:
            return None
        names = batch.schema.names
        return columns | {names[index]: column for index, column in zip(numbers, matrix, strict=True)}

    def _pieces(self, batch: Any) -> Iterator[Sequence[Instance]]:
        """Yield the batch's rows in chunks, as JSON would have brought them, for the request schema to validate."""
        self._refuse_types(batch)
        for start in range(0, batch.num_rows, CHUNK_ROWS):
            chunk = batch.slice(start, CHUNK_ROWS)
            columns = {
                name: _cells(chunk.column(index), arrow_type)
                for index, (name, arrow_type) in enumerate(self._types.items())
            }
            if columns:
                yield from instance_chunks(columns, chunk.num_rows)
            else:
                yield [{}] * chunk.num_rows

    def _is_taken(self, name: str, arrow_type: ArrowType) -> bool:
        """Return whether the column's feature, where it has one, takes columns of the type."""
        feature = self._reader.columns.features.get(name)
        return arrow_type not in _SPECIAL or (
            feature is not None and arrow_type in TRANSFORMS[feature.kind].arrow_types
        )

    def _refuse_types(self, batch: Any) -> None:
        """Raise InvalidInstances where a column's type is one that its feature, or JSON, does not have."""
        problems = [
            Problem(None, name, _type_rule(), str(batch.schema.field(name).type))
            for name, arrow_type in self._types.items()
            if arrow_type == "other" or not self._is_taken(name, arrow_type)
        ]
        if problems:
            raise InvalidInstances(problems, len(problems))


class ArrowWriter:
    """Writes one record batch per part."""

    def __init__(self, schema: ResponseSchema) -> None:
        self._schema, self._labels = _answer_schema(schema.columns, schema.labels)
        self._before: bytes = self._schema.serialize().to_pybytes()

    def write(self, predictions: Predictions) -> bytes:
        """Return the next record batch; the first call puts the schema before it."""
        import pyarrow as pa  # noqa: PLC0415

        arrays = [pa.array(column) for column in np.array(predictions.decoded.T, order="C")]
        if self._labels is not None:
            arrays.insert(0, pa.array(self._labels[predictions.labels], pa.string()))
        if predictions.review is not None:
            arrays.append(pa.array(predictions.review))
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        before, self._before = self._before, b""
        content: bytes = batch.serialize().to_pybytes()
        return before + content

    def finish(self) -> bytes:
        """Return the mark that ends the stream."""
        return self._before + _END


class _Source:
    """A file object for Arrow to read: the messages that have arrived."""

    closed = False

    def __init__(self) -> None:
        self.messages: deque[memoryview] = deque()

    def read(self, size: int = -1) -> memoryview:
        """Return at most `size` bytes of the first message."""
        if not self.messages or size == 0:
            return memoryview(b"")
        first = self.messages.popleft()
        if 0 <= size < len(first):
            self.messages.appendleft(first[size:])
            return first[:size]
        return first

    def readable(self) -> bool:
        return True


@lru_cache(maxsize=32)
def _answer_schema(names: tuple[str, ...], labels: tuple[str, ...] | None) -> tuple[Any, Any]:
    """Return the schema of an answer's columns, and the labels as an array, None where there are none."""
    import pyarrow as pa  # noqa: PLC0415

    if labels is None:
        return pa.schema([(name, pa.float64()) for name in names]), None
    first, *rest = names
    columns = [(first, pa.string()), *((name, pa.bool_() if name == "review" else pa.float64()) for name in rest)]
    return pa.schema(columns), np.array(labels, dtype=object)


@lru_cache(maxsize=32)
def _column_types(schema_message: bytes) -> Mapping[str, ArrowType]:
    """Return the type of each column; cached, since callers send the same schema over and over."""
    import pyarrow as pa  # noqa: PLC0415

    schema = pa.ipc.read_schema(pa.py_buffer(schema_message))
    if len(set(schema.names)) < len(schema.names):
        raise MalformedBody("two columns of the Arrow stream have the same name")
    return {field.name: _arrow_type(field.type) for field in schema}


def _type_rule() -> str:
    special = [
        f"{words} only for {', '.join(kind for kind, transform in TRANSFORMS.items() if name in transform.arrow_types)}"
        for name, words in _SPECIAL.items()
    ]
    return f"must be of numbers, strings, booleans or nulls ({'; '.join(special)})"


def _arrow_type(pa_type: Any) -> ArrowType:
    import pyarrow as pa  # noqa: PLC0415

    types = pa.types
    if types.is_float64(pa_type):
        return "float64"
    if types.is_integer(pa_type) or types.is_floating(pa_type):
        return "numeric"
    if types.is_string(pa_type) or types.is_large_string(pa_type):
        return "string"
    if types.is_dictionary(pa_type) and _arrow_type(pa_type.value_type) == "string":
        return "dictionary"
    if types.is_binary(pa_type) or types.is_large_binary(pa_type):
        return "binary"
    if types.is_list(pa_type) or types.is_large_list(pa_type) or types.is_fixed_size_list(pa_type):
        return "list" if _arrow_type(pa_type.value_type) in ("float64", "numeric") else "other"
    if types.is_date(pa_type) or types.is_timestamp(pa_type):
        return "time"
    return "null" if types.is_null(pa_type) else "bool" if types.is_boolean(pa_type) else "other"


def _cells(column: Any, arrow_type: ArrowType) -> list[Any]:
    """Return the cells as JSON would have brought them."""
    if arrow_type == "dictionary":
        return list(_texts(column, arrow_type))
    if arrow_type == "time":
        return _times(column)
    cells: list[Any] = column.to_pylist()
    return [cell if cell is None else base64_files.encode(cell) for cell in cells] if arrow_type == "binary" else cells


def _times(column: Any) -> list[str | None]:
    """Return ISO 8601 texts; "Z" marks UTC, which a timestamp with a zone is stored in."""
    import pyarrow as pa  # noqa: PLC0415

    zone = "Z" if getattr(column.type, "tz", None) else ""
    texts = (column if pa.types.is_date32(column.type) else column.cast(_naive(column.type))).cast(pa.string())
    return [None if text is None else text + zone for text in texts.to_pylist()]


def _naive(arrow_type: Any) -> Any:
    """Return the timestamp type without its zone, also for dates in milliseconds."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.timestamp(arrow_type.unit if pa.types.is_timestamp(arrow_type) else "ms")


def _texts(column: Any, arrow_type: ArrowType) -> Column:
    """Return strings, None where missing; equal ones share an object."""
    if arrow_type == "string":
        column = column.dictionary_encode()
    texts = np.array([*column.dictionary.to_pylist(), None], dtype=object)
    codes = column.indices.fill_null(len(texts) - 1) if column.null_count else column.indices
    strings: NDArray[Any] = texts[codes.to_numpy(zero_copy_only=False)]
    return strings


def _matrix(batch: Any, positions: Sequence[int], *, all_double: bool) -> NDArray[np.float64] | None:
    """Return float64 of shape (n_columns, n_rows), NaN where null; None where a cell is NaN without being null."""
    if positions and all_double:  # one call to Arrow instead of one per column
        chosen = batch if len(positions) == batch.num_columns else batch.select(positions)
        matrix: NDArray[np.float64] = chosen.to_tensor(null_to_nan=True, row_major=False).to_numpy().T
    else:
        arrays = [batch.column(position).to_numpy(zero_copy_only=False) for position in positions]
        matrix = np.array(arrays, dtype=np.float64).reshape(len(arrays), batch.num_rows)
    missing = np.isnan(matrix)
    if missing.any():
        nulls = [batch.column(position).null_count for position in positions]
        if missing.sum(axis=1).tolist() != nulls:
            return None
    return matrix
