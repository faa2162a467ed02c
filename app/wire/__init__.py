"""Wire formats of predictions: a module a format, found by media type. One core for every lane."""

from collections.abc import Sequence
from time import perf_counter

from app.answers import Answers
from app.columns import Payload
from app.model import LoadedModel
from app.wire.base import Format
from app.wire.negotiation import FORMATS, answer_format, request_format

__all__ = ["FORMATS", "LARGE_BYTES", "Format", "answer_format", "decode", "encode", "request_format"]

LARGE_BYTES = 256 * 1024
"""Bodies beyond this are decoded in a thread, so that the event loop goes on."""


def decode(form: Format, body: bytes, model: LoadedModel) -> Sequence[Payload]:
    """The rows of a whole body, measured; raises Overloaded, MalformedBody, InvalidInstances, BodyTooLarge."""
    model.batcher.admit()  # to refuse is cheap before parsing alone
    started = perf_counter()
    payloads = form.decode(body, model)
    model.metrics.parse.observe(perf_counter() - started)
    return payloads


def encode(form: Format, answers: Answers, model: LoadedModel) -> bytes:
    """The body of an answer, counted."""
    started = perf_counter()
    content = form.encode(answers, model)
    model.metrics.encode.observe(perf_counter() - started)
    model.metrics.rows.add(len(answers))
    return content
