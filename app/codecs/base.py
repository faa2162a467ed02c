"""The interface of a codec.

Tests: tests/app/codecs/test_arrow_codec.py (a stream in parts), tests/app/codecs/test_csv_codec.py
"""

from collections.abc import Sequence
from typing import Protocol

from app.codecs.columns import Rows
from app.codecs.predictions import Predictions
from app.codecs.reader import RequestReader
from app.codecs.response_schema import ResponseSchema


class PredictionWriter(Protocol):
    """Writes one answer, a part at a time."""

    def write(self, predictions: Predictions) -> bytes:
        """Return the next part of the body."""
        ...

    def finish(self) -> bytes:
        """Return the end of the body."""
        ...


class Codec(Protocol):
    """One media type of requests and answers. Stateless."""

    media_type: str
    content_type: str
    """The Content-Type of an answer: the media type, with its charset where it is text."""

    def ready(self) -> bool:
        """Return whether everything that the codec needs has been imported."""
        ...

    def decode(self, body: bytes, reader: RequestReader) -> Sequence[Rows]:
        """Return the rows of a request, in order; raises MalformedBody, InvalidInstances, BodyTooLarge."""
        ...

    def encode(self, predictions: Predictions, schema: ResponseSchema) -> bytes:
        """Return the whole body of an answer."""
        writer = self.writer(schema)
        return writer.write(predictions) + writer.finish()

    def writer(self, schema: ResponseSchema) -> PredictionWriter:
        """Return a writer of the same body, in parts."""
        ...
