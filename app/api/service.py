"""The application: FastAPI, with plain requests for a prediction answered ahead of its middleware and routes."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.access import Access
from app.plain import PlainRequest, Recognizer
from app.problems import MEDIA_TYPE, failure
from app.wire import decode, encode


class Service(FastAPI):
    """What the server calls where its own fast lane (app/protocol.py) has not answered already."""

    def __init__(self, access: Access, recognizer: Recognizer, **options: Any) -> None:
        super().__init__(**options)
        self._access = access
        self._recognizer = recognizer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        plain = self._plain(scope) if scope["type"] == "http" else None
        if plain is not None:
            await self._predict(plain, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _plain(self, scope: Scope) -> PlainRequest | None:
        if scope["method"] != "POST" or scope["query_string"] or scope["root_path"] or scope["http_version"] != "1.1":
            return None
        return self._recognizer.recognize(scope.get("raw_path") or b"", scope["headers"])

    async def _predict(self, plain: PlainRequest, receive: Receive, send: Send) -> None:
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


async def _read(receive: Receive) -> bytes | None:
    """The body, which a plain request's length has bounded; None where the client left."""
    parts = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message["body"])
        if not message["more_body"]:
            return b"".join(parts)
    return None


async def _answer(plain: PlainRequest, body: bytes, identity: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and headers, whatever happens."""
    model, kind = plain.model, plain.answer.content_type
    headers: Mapping[str, str] = {}
    try:
        answers = await model.predict_all(decode(plain.form, body, model))
        status, content = 200, encode(plain.answer, answers, model)
    except Exception as error:  # whatever it is, it must be answered
        kind = MEDIA_TYPE
        status, content, headers = failure(identity, error)
    extra = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    own = [(b"content-length", b"%d" % len(content)), (b"content-type", kind.encode())]
    return status, content, [*extra, *own, (b"x-request-id", identity.encode())]
