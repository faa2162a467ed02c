"""The rules that a codec reads one version's requests by."""

from dataclasses import dataclass

from app.codecs.columns import ColumnReader
from app.codecs.request_schema import RequestSchema


@dataclass(frozen=True, slots=True)
class RequestReader:
    """The rules of one version's requests. Safe to share between threads.

    `schema` validates rows, and `columns` what came by column. `max_body_bytes` bounds a body and each record batch of
    an Arrow stream, `max_stream_rows` the rows of a whole stream.
    """

    schema: RequestSchema
    columns: ColumnReader
    max_body_bytes: int
    max_stream_rows: int
