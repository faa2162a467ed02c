"""The application: FastAPI, with plain requests for a prediction answered ahead of its middleware and routes."""

import logging
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from app.access import Access
from app.answers import join
from app.errors import SlipwayError
from app.plain import PlainRequest, Recognizer
from app.problems import MEDIA_TYPE, render_bug, render_error
from app.wire import decode, encode

log = logging.getLogger("slipway")


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
            message = await receive()
            body = message["body"] if not message.get("more_body", True) else await _read(message, receive)
            if body is not None:
                status, content, headers = await _answer(plain, body, identity)
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": content})
        finally:
            self._access.end(identity, "POST", plain.route, status, perf_counter() - started)


async def _read(message: Message, receive: Receive) -> bytes | None:
    """The body from its first message on, which a plain request's length has bounded; None where the client left."""
    parts = []
    while message["type"] == "http.request":
        parts.append(message["body"])
        if not message["more_body"]:
            return b"".join(parts)
        message = await receive()
    return None


async def _answer(plain: PlainRequest, body: bytes, identity: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and headers, whatever happens."""
    extra: list[tuple[bytes, bytes]] = []
    try:
        model = plain.model
        answers = join([await model.predict(payload) for payload in decode(plain.form, body, model)])
        status, content, kind = 200, encode(plain.answer, answers, model), plain.answer.content_type
    except SlipwayError as error:
        status, content, kind = error.status, render_error(identity, error), MEDIA_TYPE
        extra = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    except Exception:
        log.exception("request failed", extra={"request_id": identity})
        status, content, kind = SlipwayError.status, render_bug(identity), MEDIA_TYPE
    own = [(b"content-length", b"%d" % len(content)), (b"content-type", kind.encode())]
    return status, content, [*extra, *own, (b"x-request-id", identity.encode())]
