"""The limit: bare uvicorn that reads the body and sends a constant as large as Slipway's answer."""

from typing import Any

import orjson

from benchmarks.serving.contract import answer
from benchmarks.serving.servers.raw import read, send_json

_LARGE_BODY = 8192
_ROW = orjson.dumps(answer([0.12345678901234567]))
_BATCH = orjson.dumps(answer([0.12345678901234567] * 128))


async def app(_: Any, receive: Any, send: Any) -> None:
    """Read a request and send a constant, the longer one after a body of 128 rows."""
    body = await read(receive)
    await send_json(send, _BATCH if len(body) > _LARGE_BODY else _ROW)
