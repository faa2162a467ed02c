"""Prediction of an Arrow stream of any length, in memory that does not grow with its length."""

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from time import perf_counter

from starlette.responses import Response, StreamingResponse

from app.codecs.arrow_codec import ArrowReader
from app.codecs.arrow_messages import RECORDS, Message
from app.codecs.base import Codec, PredictionWriter
from app.codecs.columns import Rows
from app.models.served import ServedModel

_QUEUED_ROWS = 8192
"""Rows of one stream that are queued at a time, so that other callers find room in the queue."""
_MEMORY_BYTES = 4 * 2**20
_PART_BYTES = 256 * 1024
_INLINE_BYTES = 64 * 1024


async def predict_stream(body: AsyncIterator[bytes], codec: Codec, served: ServedModel) -> Response:
    """Return the answer to a stream after reading all of it, because a status that has been sent cannot be changed.

    A long answer waits in a temporary file. Raises the errors of `ArrowReader` and of `ServedModel.predict`.
    """
    spool = SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 the response closes it
    try:
        await _answer(body, codec.writer(served.model.response_schema), spool, served)
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
    body: AsyncIterator[bytes], writer: PredictionWriter, spool: "SpooledTemporaryFile[bytes]", served: ServedModel
) -> None:
    reader = ArrowReader(served.model.reader)
    async for part in body:
        for message in reader.feed(part):
            rows = await _read(reader, message, served)
            for start in range(0, len(rows), _QUEUED_ROWS):
                predictions = await served.predict(rows[start : start + _QUEUED_ROWS])
                started = perf_counter()
                spool.write(writer.write(predictions))
                served.metrics.encode.observe(perf_counter() - started)
                served.metrics.rows.inc(len(predictions))
    reader.finish()
    spool.write(writer.finish())


async def _read(reader: ArrowReader, message: Message, served: ServedModel) -> Rows:
    started = perf_counter()
    if len(message.content) > _INLINE_BYTES:
        rows = await asyncio.to_thread(reader.read, message)
    else:
        rows = reader.read(message)
    if message.head.message_type == RECORDS:
        served.metrics.parse.observe(perf_counter() - started)
    return rows


async def _parts(spool: "SpooledTemporaryFile[bytes]") -> AsyncIterator[bytes]:
    with spool:
        while part := await asyncio.to_thread(spool.read, _PART_BYTES):
            yield part
