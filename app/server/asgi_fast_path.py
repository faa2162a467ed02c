"""Plain requests for a prediction as the ASGI lane answers them, ahead of all middleware and routes."""

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from app.prediction import decode, encode
from app.problems import MEDIA_TYPE, problem_response
from app.server.recognizer import PlainRequest
from app.state import Engine

if TYPE_CHECKING:  # it is imported later than this (app/lazy_app.py)
    from starlette.types import Receive, Scope, Send


class PlainLane:
    """Lives as long as the application."""

    def __init__(self, engine: Engine) -> None:
        self._access = engine.access
        self._recognizer = engine.recognizer

    def recognize(self, scope: "Scope") -> PlainRequest | None:
        """The plain request that an ASGI scope is, or None."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"] or scope["root_path"]:
            return None
        if scope["http_version"] != "1.1":
            return None
        return self._recognizer.recognize(scope.get("raw_path") or b"", scope["headers"])

    async def answer(self, plain: PlainRequest, receive: "Receive", send: "Send") -> None:
        """Answer it."""
        started = perf_counter()
        identity = plain.request_id()
        status: int | None = None
        self._access.begin()
        try:
            body = await _read(receive)
            if body is not None:
                status, content, headers = await _answer(plain, body, identity)
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": content})
        finally:
            self._access.end(identity, "POST", plain.route, status, perf_counter() - started)


async def _read(receive: "Receive") -> bytes | None:
    """The body, which a plain request's length has bounded; None where the client left."""
    message = await receive()
    if message["type"] == "http.request" and not message["more_body"]:
        whole: bytes = message["body"]
        return whole
    parts = []
    while message["type"] == "http.request":
        parts.append(message["body"])
        if not message["more_body"]:
            return b"".join(parts)
        message = await receive()
    return None


async def _answer(plain: PlainRequest, body: bytes, identity: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and headers, whatever happens."""
    served, kind = plain.served, plain.response_codec.content_type
    headers: Mapping[str, str] = {}
    try:
        answers = await served.predict_all(decode(plain.request_codec, body, served))
        status, content = 200, encode(plain.response_codec, answers, served)
    except Exception as error:  # whatever it is, it must be answered
        kind = MEDIA_TYPE
        status, content, headers = problem_response(identity, error)
    extra = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    own = [(b"content-length", b"%d" % len(content)), (b"content-type", kind.encode())]
    return status, content, [*extra, *own, (b"x-request-id", identity.encode())]
