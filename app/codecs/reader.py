"""The rules by which every codec reads the requests to one version.

Tests: tests/app/codecs/test_columns.py, tests/app/codecs/test_arrow_codec.py (limits)
"""

from dataclasses import dataclass

from app.codecs.columns import ColumnReader
from app.codecs.request_schema import RequestSchema


@dataclass(frozen=True, slots=True)
class RequestReader:
    """The rules of one version's requests. Safe to share between threads.

    `schema` validates rows, and `columns` reads requests by column. `max_body_bytes` bounds a body and each record
    batch of an Arrow stream, `max_stream_rows` the rows of a whole stream.
    """

    schema: RequestSchema
    columns: ColumnReader
    max_body_bytes: int
    max_stream_rows: int
