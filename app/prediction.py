"""Decode a request and encode its answer, measured: one core for every lane."""

from collections.abc import Sequence
from time import perf_counter

from app.codecs.base import Codec
from app.codecs.columns import Rows
from app.codecs.predictions import Predictions
from app.models.served import ServedModel

LARGE_BYTES = 256 * 1024
"""Bodies beyond this are decoded in a thread, so that the event loop goes on."""


def decode(codec: Codec, body: bytes, served: ServedModel) -> Sequence[Rows]:
    """The rows of a whole body, measured; raises Overloaded, MalformedBody, InvalidInstances, BodyTooLarge."""
    served.batcher.admit()  # to refuse is cheap before parsing alone
    started = perf_counter()
    payloads = codec.decode(body, served.model.reader)
    served.metrics.parse.observe(perf_counter() - started)
    return payloads


def encode(codec: Codec, answers: Predictions, served: ServedModel) -> bytes:
    """The body of an answer, counted."""
    started = perf_counter()
    content = codec.encode(answers, served.model.response_schema)
    served.metrics.encode.observe(perf_counter() - started)
    served.metrics.rows.inc(len(answers))
    return content
