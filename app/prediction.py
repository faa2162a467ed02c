"""Decode a request and encode its answer, measured: one core for every lane."""

from collections.abc import Sequence
from time import perf_counter

from app.codecs.base import Codec
from app.codecs.columns import Rows
from app.codecs.predictions import Predictions
from app.models.model import LoadedModel

LARGE_BYTES = 256 * 1024
"""Bodies beyond this are decoded in a thread, so that the event loop goes on."""


def decode(codec: Codec, body: bytes, model: LoadedModel) -> Sequence[Rows]:
    """The rows of a whole body, measured; raises Overloaded, MalformedBody, InvalidInstances, BodyTooLarge."""
    model.batcher.admit()  # to refuse is cheap before parsing alone
    started = perf_counter()
    payloads = codec.decode(body, model.reader)
    model.metrics.parse.observe(perf_counter() - started)
    return payloads


def encode(codec: Codec, answers: Predictions, model: LoadedModel) -> bytes:
    """The body of an answer, counted."""
    started = perf_counter()
    content = codec.encode(answers, model.response_schema)
    model.metrics.encode.observe(perf_counter() - started)
    model.metrics.rows.add(len(answers))
    return content
