"""An Arrow stream of any length, answered in memory that its length does not change."""

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from time import perf_counter

from starlette.responses import Response, StreamingResponse

from app.codecs.arrow_codec import ArrowReader
from app.codecs.arrow_messages import RECORDS, Message
from app.codecs.base import Codec, PredictionWriter
from app.codecs.columns import Rows
from app.models.model import LoadedModel

_WINDOW_ROWS = 8192
"""Rows of one stream that wait at once, so that other callers find room in the queue."""
_MEMORY_BYTES = 4 * 2**20
_PART_BYTES = 256 * 1024
_INLINE_BYTES = 64 * 1024


async def predict_stream(body: AsyncIterator[bytes], codec: Codec, model: LoadedModel) -> Response:
    """The answer to a stream, sent once all of it was read and found valid: a status is final.

    What is long waits in a temporary file. Raises what reading and predicting raise.
    """
    spool = SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 the response closes it
    try:
        await _answer(body, codec.writer(model.response_schema), spool, model)
        size = spool.tell()
        spool.seek(0)
        if size > _MEMORY_BYTES:
            return StreamingResponse(_parts(spool), headers={"content-length": str(size)}, media_type=codec.media_type)
        content = spool.read()
    except BaseException:
        spool.close()
        raise
    spool.close()
    return Response(content, media_type=codec.media_type)


async def _answer(
    body: AsyncIterator[bytes], writer: PredictionWriter, spool: "SpooledTemporaryFile[bytes]", model: LoadedModel
) -> None:
    reader = ArrowReader(model.reader)
    async for part in body:
        for message in reader.feed(part):
            payload = await _read(reader, message, model)
            for start in range(0, len(payload), _WINDOW_ROWS):
                answers = await model.predict(payload[start : start + _WINDOW_ROWS])
                started = perf_counter()
                spool.write(writer.write(answers))
                model.metrics.encode.observe(perf_counter() - started)
                model.metrics.rows.add(len(answers))
    reader.finish()
    spool.write(writer.finish())


async def _read(reader: ArrowReader, message: Message, model: LoadedModel) -> Rows:
    started = perf_counter()
    if len(message.content) > _INLINE_BYTES:
        payload = await asyncio.to_thread(reader.read, message)
    else:
        payload = reader.read(message)
    if message.head.kind == RECORDS:
        model.metrics.parse.observe(perf_counter() - started)
    return payload


async def _parts(spool: "SpooledTemporaryFile[bytes]") -> AsyncIterator[bytes]:
    with spool:
        while part := await asyncio.to_thread(spool.read, _PART_BYTES):
            yield part
