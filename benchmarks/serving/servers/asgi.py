"""The shortest real service: orjson and one `session.run` per request, on the event loop."""

from typing import Any

import orjson

from benchmarks.serving.contract import answer
from benchmarks.serving.servers.common import matrix, run, session
from benchmarks.serving.servers.raw import read, send_json

_session = session()


async def app(_: Any, receive: Any, send: Any) -> None:
    """Parse, run and encode a request, without any checks."""
    instances = orjson.loads(await read(receive))["instances"]
    await send_json(send, orjson.dumps(answer(run(_session, matrix(instances)))))
