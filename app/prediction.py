"""Decode a request and encode its answer, measured: one core for every lane."""

from collections.abc import Sequence
from time import perf_counter

from app.codecs.base import Format
from app.codecs.columns import Payload
from app.codecs.predictions import Answers
from app.models.model import LoadedModel

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
    model.metrics.rows.inc(len(answers))
    return content
