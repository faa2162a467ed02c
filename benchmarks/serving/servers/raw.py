"""The least that an ASGI application can do: read a body, send a body."""

from typing import Any


async def read(receive: Any) -> bytes:
    """The whole body."""
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def send_json(send: Any, content: bytes) -> None:
    """An answer with a length and a type."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
