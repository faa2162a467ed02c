"""The messages of an Arrow IPC stream, split and checked before Arrow's own reader sees them.

Arrow allocates as much as a message claims to hold. So that no small message makes a large table, each head is read
first (a flatbuffer, https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc).

Tests: tests/app/codecs/test_arrow_codec.py (limits, dictionaries, damaged streams)
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.errors import BodyTooLarge, MalformedBody

SCHEMA, DICTIONARY, RECORDS = 1, 2, 3
"""Types of messages (MessageHeader in https://github.com/apache/arrow/blob/main/format/Message.fbs)."""
MAX_SCHEMA_BYTES = 1 << 20
_CONTINUATION = 0xFFFFFFFF
_PREFIX = struct.Struct("<Ii")
_REMEMBERED_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message: its parsed head, and its bytes, which end with its body."""

    head: "Head"
    content: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The type of a message and the bytes of its body, with the rows of a record batch or the id of a dictionary.

    `matrix` is set if the columns form a matrix in memory: eight bytes per cell, no nulls, and equal distances.
    It holds the offset and the stride in bytes, and the number of columns.
    """

    message_type: int
    n_body: int
    n_rows: int = 0
    dictionary: int = 0
    matrix: tuple[int, int, int] | None = None


class Splitter:
    """Splits the bytes of a stream, as they arrive, into its messages.

    A record batch and the dictionaries that it may refer to hold at most `limit` bytes. Compressed buffers,
    dictionaries that grow, and bytes that are no stream are refused.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._dictionaries: dict[int, int] = {}
        self._unused: set[int] = set()
        self._wanted = _PREFIX.size
        self._ended = False

    def feed(self, part: bytes) -> Iterator[Message]:
        """Yield the messages that are whole now; raises MalformedBody, BodyTooLarge."""
        self._buffer += part
        while len(self._buffer) >= self._wanted:
            message = self._next()
            if message is not None:
                yield message

    def finish(self) -> None:
        """Raise MalformedBody where the stream ended within a message."""
        if self._buffer:
            raise MalformedBody(f"the Arrow stream ends within a message, after {len(self._buffer)} bytes of it")

    def _next(self) -> Message | None:
        """Return the message that the buffer begins with, or None, with `_wanted` set to the bytes that it needs."""
        if self._ended:
            raise MalformedBody("the Arrow stream goes on after its end")
        mark, n_head = _PREFIX.unpack_from(self._buffer)
        if mark != _CONTINUATION or n_head < 0:
            file = " (this is an Arrow file; send the stream format)" if self._buffer[:6] == b"ARROW1" else ""
            raise MalformedBody(f"the body must be an Arrow IPC stream{file}")
        if n_head == 0:
            self._ended = True
            del self._buffer[: _PREFIX.size]
            self._wanted = 1
            return None
        start = _PREFIX.size
        self._want(start + n_head)
        if len(self._buffer) < self._wanted:
            return None
        head = _read_head(self._first(start + n_head)[start:])
        self._want(start + n_head + head.n_body)
        if len(self._buffer) < self._wanted:
            return None
        size = self._wanted
        if head.message_type == DICTIONARY:
            if head.dictionary in self._unused:  # Arrow would keep both until a record batch comes
                raise MalformedBody("the Arrow stream replaces a dictionary that no record batch has used")
            self._unused.add(head.dictionary)
            self._dictionaries[head.dictionary] = size
            self._want(0)
        elif head.message_type == RECORDS:
            self._unused.clear()
        if head.message_type == SCHEMA and size > MAX_SCHEMA_BYTES:
            raise BodyTooLarge(f"an Arrow schema is at most {MAX_SCHEMA_BYTES} bytes")
        content = self._first(size)
        del self._buffer[:size]
        self._wanted = _PREFIX.size
        return Message(head, content)

    def _first(self, size: int) -> bytes:
        return bytes(memoryview(self._buffer)[:size])

    def _want(self, size: int) -> None:
        if size + sum(self._dictionaries.values()) > self._limit:
            raise BodyTooLarge(
                f"a record batch of an Arrow stream, with its dictionaries, is at most {self._limit} bytes; "
                "write smaller batches"
            )
        self._wanted = size


def _read_head(content: bytes) -> Head:
    """Return the parsed head; raises MalformedBody where it is damaged."""
    try:
        return _remembered(content) if len(content) <= _REMEMBERED_BYTES else _parse(content)
    except (struct.error, IndexError) as error:
        raise MalformedBody("a message of the Arrow stream has a damaged head") from error


def _parse(head: bytes) -> Head:
    message = _indirect(head, 0)
    (message_type,) = _scalar(head, message, 1, "<B")
    (n_body,) = _scalar(head, message, 3, "<q")
    header = _reference(head, message, 2)
    n_rows = dictionary = 0
    matrix = None
    if n_body < 0 or header is None or message_type not in (SCHEMA, DICTIONARY, RECORDS):
        raise MalformedBody("a message of the Arrow stream is none of a schema, a dictionary and a record batch")
    if message_type == SCHEMA and _scalar(head, header, 0, "<h") != (0,):
        raise MalformedBody("the numbers of the Arrow stream must be little-endian")
    if message_type == DICTIONARY:
        (dictionary,) = _scalar(head, header, 0, "<q")
        if _scalar(head, header, 2, "<B") != (0,):
            raise MalformedBody("the Arrow stream must not grow dictionaries (deltas); send them whole")
        header = _reference(head, header, 1)
    if message_type != SCHEMA and header is not None:
        (n_rows,) = _scalar(head, header, 0, "<q")
        if n_rows < 0:
            raise MalformedBody("a record batch of the Arrow stream has a negative length")
        if _reference(head, header, 3) is not None:
            raise MalformedBody("the buffers of the Arrow stream must not be compressed")
    if message_type == RECORDS and header is not None:
        matrix = _matrix(n_rows, n_body, _pairs(head, header, 1), _pairs(head, header, 2))
    return Head(message_type, n_body, n_rows, dictionary, matrix)


# Callers send the same heads over and over.
_remembered = lru_cache(maxsize=64)(_parse)


def _matrix(
    n_rows: int, n_body: int, nodes: Sequence[tuple[int, int]], buffers: Sequence[tuple[int, int]]
) -> tuple[int, int, int] | None:
    """Return `Head.matrix`, given length and null count of each column, and offset and length of its two buffers."""
    cells = buffers[1::2]
    if not nodes or len(buffers) != 2 * len(nodes) or any(node != (n_rows, 0) for node in nodes):
        return None
    start = cells[0][0]
    stride = cells[1][0] - start if len(cells) > 1 else 8 * n_rows
    even = all(offset == start + index * stride for index, (offset, _) in enumerate(cells))
    fits = start >= 0 and stride >= 8 * n_rows and start + (len(cells) - 1) * stride + 8 * n_rows <= n_body
    whole = all(length >= 8 * n_rows for _, length in cells)
    return (start, stride, len(cells)) if even and fits and whole else None


def _pairs(head: bytes, table: int, slot: int) -> list[tuple[int, int]]:
    """Return a vector of structs of two 64-bit integers."""
    position = _reference(head, table, slot)
    if position is None:
        return []
    (count,) = struct.unpack_from("<I", head, position)
    if position + 4 + 16 * count > len(head):
        raise IndexError(count)
    return list(struct.iter_unpack("<qq", head[position + 4 : position + 4 + 16 * count]))


def _indirect(head: bytes, position: int) -> int:
    (offset,) = struct.unpack_from("<I", head, position)
    return position + int(offset)


def _field(head: bytes, table: int, slot: int) -> int | None:
    """Return the position of the table's field, None where it is not set."""
    vtable = table - struct.unpack_from("<i", head, table)[0]
    if vtable < 0:
        raise IndexError(vtable)
    entry = 4 + 2 * slot
    if entry >= struct.unpack_from("<H", head, vtable)[0]:
        return None
    offset = struct.unpack_from("<H", head, vtable + entry)[0]
    return table + offset if offset else None


def _scalar(head: bytes, table: int, slot: int, form: str) -> tuple[int, ...]:
    field = _field(head, table, slot)
    return (0,) if field is None else struct.unpack_from(form, head, field)


def _reference(head: bytes, table: int, slot: int) -> int | None:
    field = _field(head, table, slot)
    return None if field is None else _indirect(head, field)
