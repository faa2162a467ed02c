"""Plain requests for a prediction, answered over ASGI ahead of all middleware and routes.

Tests: tests/app/server/test_protocol.py (all paths answer alike), tests/app/test_lazy_app.py
"""

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from app.models.predict import predict_body
from app.problems import MEDIA_TYPE, problem_response
from app.server.recognizer import PlainRequest, Recognizer
from app.telemetry.access_log import AccessRecorder

if TYPE_CHECKING:  # the framework is imported later than this (app/lazy_app.py)
    from starlette.types import Receive, Scope, Send


class AsgiFastPath:
    """Recognizes and answers plain requests for a prediction. Lives as long as the application."""

    def __init__(self, recognizer: Recognizer, access: AccessRecorder) -> None:
        self._recognizer = recognizer
        self._access = access

    def recognize(self, scope: "Scope") -> PlainRequest | None:
        """Return the plain request that an ASGI scope holds, or None."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"] or scope["root_path"]:
            return None
        if scope["http_version"] != "1.1":
            return None
        return self._recognizer.recognize(scope.get("raw_path") or b"", scope["headers"])

    async def answer(self, plain: PlainRequest, receive: "Receive", send: "Send") -> None:
        """Send the answer to a plain request, unless its client leaves first."""
        started = perf_counter()
        request_id = plain.request_id()
        status: int | None = None
        self._access.begin()
        try:
            body = await _read(receive)
            if body is not None:
                status, content, headers = await _answer(plain, body, request_id)
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": content})
        finally:
            self._access.end(request_id, "POST", plain.route, status, perf_counter() - started)


async def _read(receive: "Receive") -> bytes | None:
    """Return the body, whose length a plain request has bounded; None where the client left."""
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


async def _answer(plain: PlainRequest, body: bytes, request_id: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Return the status, the body and the headers, also where the prediction fails."""
    content_type = plain.response_codec.content_type
    headers: Mapping[str, str] = {}
    try:
        status, content = 200, await predict_body(plain.served, plain.request_codec, plain.response_codec, body)
    except Exception as error:  # whatever it is, it must be answered
        content_type = MEDIA_TYPE
        status, content, headers = problem_response(request_id, error)
    extra = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    own = [(b"content-length", b"%d" % len(content)), (b"content-type", content_type.encode())]
    return status, content, [*extra, *own, (b"x-request-id", request_id.encode())]
