"""The prediction of one request, from its body to the body of its answer: every route and fast path calls this.

`predict_body` is awaited; `submit_body` calls back, for the server's protocol, where a task for each request would cost
more than the prediction.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter

from app.batching.batcher import Outcome
from app.codecs.base import Codec
from app.codecs.columns import Rows
from app.codecs.json_explained import encode_explained
from app.codecs.predictions import Predictions
from app.models.served import ServedModel

LARGE_BYTES = 256 * 1024
"""Bodies beyond this are decoded in a thread, so that the event loop goes on."""


async def predict_body(
    served: ServedModel, request_codec: Codec, response_codec: Codec, body: bytes, *, explain: bool = False
) -> bytes:
    """Return the body of the answer, which is JSON if it is explained.

    Raises Overloaded, MalformedBody, InvalidInstances, BodyTooLarge, NotExplainable, PredictionFailed.
    """
    if served.model.reads_files or len(body) > LARGE_BYTES:
        parts = await asyncio.to_thread(_decode, served, request_codec, body)
    else:
        parts = _decode(served, request_codec, body)
    if not explain:
        return _encode(served, response_codec, await served.predict_all(parts))
    served.explanations.admit(sum(map(len, parts)))  # before they are predicted for nothing
    predictions = await served.predict_all(parts)
    explanations = await served.explanations.explain(parts)
    served.metrics.rows.inc(len(predictions))
    return encode_explained(predictions, explanations, served.model.response_schema)


def submit_body(
    served: ServedModel,
    request_codec: Codec,
    response_codec: Codec,
    body: bytes,
    succeed: Callable[[bytes], None],
    fail: Callable[[Exception], None],
    *,
    alone: bool,
) -> "asyncio.Task[None] | None":
    """Call `succeed` with the body of the answer, or `fail` with what went wrong, on the event loop, perhaps at once.

    `alone` says that no other request can come to share the batch. If the rows do not fit one batch, a task that awaits
    their batches is returned; the caller must keep a reference to it. The body is decoded on the event loop, however
    large it is.
    """
    try:
        parts = _decode(served, request_codec, body)
        rows, batcher = parts[0], served.batcher
        if len(parts) > 1 or len(rows) > batcher.policy.max_batch_rows:
            return asyncio.create_task(_call_back(served, response_codec, parts, succeed, fail))

        def done(outcome: Outcome) -> None:
            try:
                succeed(_encode(served, response_codec, served.accept(outcome)))
            except Exception as error:  # whatever it is, it must be answered
                fail(error)

        batcher.enqueue(rows, len(rows), done, alone=alone)
    except Exception as error:  # whatever it is, it must be answered
        fail(error)
    return None


async def _call_back(
    served: ServedModel,
    response_codec: Codec,
    parts: Sequence[Rows],
    succeed: Callable[[bytes], None],
    fail: Callable[[Exception], None],
) -> None:
    """Call back as `submit_body` does, for rows of several batches."""
    try:
        succeed(_encode(served, response_codec, await served.predict_all(parts)))
    except Exception as error:  # whatever it is, it must be answered
        fail(error)


def _decode(served: ServedModel, codec: Codec, body: bytes) -> Sequence[Rows]:
    """Return the rows of a body, and measure how long that takes."""
    served.batcher.admit()  # a refusal is cheap only before parsing
    started = perf_counter()
    parts = codec.decode(body, served.model.reader)
    served.metrics.parse.observe(perf_counter() - started)
    return parts


def _encode(served: ServedModel, codec: Codec, predictions: Predictions) -> bytes:
    """Return the body of an answer, measure how long that takes, and count its rows."""
    started = perf_counter()
    body = codec.encode(predictions, served.model.response_schema)
    served.metrics.encode.observe(perf_counter() - started)
    served.metrics.rows.inc(len(predictions))
    return body
