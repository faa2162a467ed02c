"""The server's front: caps and deadlines for every request, and a fast lane for predictions.

A subclass of uvicorn's httptools protocol, given to uvicorn by its `http` setting and tested against the pinned
release. What it does not answer itself it hands to the base class unchanged, and so to FastAPI: other paths and
methods, HTTP/1.0, chunked or encoded bodies, `Expect`, `Upgrade`, requests that were pipelined behind another.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.access import Access
from app.answers import Answers, join
from app.batching.batcher import Outcome
from app.columns import Payload
from app.errors import SlipwayError
from app.model import LoadedModel
from app.problems import MEDIA_TYPE, render, render_bug, render_error
from app.request_id import request_id
from app.settings import Settings
from app.wire import FORMATS, LARGE_BYTES, Format, decode, encode

log = logging.getLogger("slipway")

_UNUSUAL = frozenset(
    {b"expect", b"transfer-encoding", b"content-encoding", b"upgrade", b"trailer", b"te", b"authorization"}
)
_FORMATS: Mapping[bytes, Format] = {one.media_type.encode(): one for one in FORMATS}
_JSON = _FORMATS[b"application/json"]
_ACCEPTED: Mapping[bytes, Format] = {b"*/*": _JSON, **_FORMATS}


class PredictProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        settings: Settings = self.app_state["settings"]
        self._settings = settings
        self._access: Access = self.app_state["access"]
        fast = settings.fast_lane and not self.root_path and self.limit_concurrency is None
        self._routes: Mapping[bytes, tuple[str, LoadedModel]] = self.app_state["registry"].routes if fast else {}
        self._head_bytes = self._body_bytes = 0
        self._reading_since: float | None = None
        self._read_seconds = settings.header_timeout_seconds
        self._watch: asyncio.TimerHandle | None = None
        self._refused: tuple[int, str, str, str] | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the clock of the first request's head."""
        super().connection_made(transport)
        self._reading_since = self.loop.time()
        self._watch = self.loop.call_later(self._read_seconds, self._check_deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Prepare for a head; what only the ASGI lane needs waits until it is known to be needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._head_bytes = self._body_bytes = 0
        self._reading_since = self.loop.time()
        self._read_seconds = self._settings.header_timeout_seconds

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Choose the lane."""
        self._read_seconds = self._settings.body_timeout_seconds
        route = self._routes.get(self.url)
        if route is not None:
            found = self._fast_request(*route)
            if found is not None:
                self.cycle = found  # type: ignore[assignment]
                return
        self._enter_asgi_lane()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        cycle: Any = self.cycle
        if type(cycle) is FastCycle:
            cycle.body.append(body)
        else:
            super().on_body(body)
            self._extend(len(body))

    def on_message_complete(self) -> None:
        """Answer, now that all has been read."""
        self._reading_since = None
        cycle: Any = self.cycle
        if type(cycle) is FastCycle:
            cycle.start()
        else:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or goes beyond a cap, in the shape of every error, and close."""
        status, code, title, detail = self._refused or (400, "bad_request", "Bad Request", msg)
        self._refused = None
        body = render(None, status, code, title, detail)
        self.transport.write(_head(self, status, len(body), MEDIA_TYPE.encode(), b"", keep_alive=False) + body)
        self.transport.close()

    def _fast_request(self, route: str, model: LoadedModel) -> "FastCycle | None":
        parser = self.parser
        busy = (self.cycle is not None and not self.cycle.response_complete) or self.pipeline
        if busy or parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return None
        length = form = identity = None
        answer = _JSON
        for name, value in self.headers:
            if name == b"content-length":
                if length is not None:
                    return None
                length = value
            elif name == b"content-type":
                if form is not None or value not in _FORMATS:
                    return None
                form = _FORMATS[value]
            elif name == b"x-request-id":
                identity = identity or value
            elif name == b"accept":
                if value not in _ACCEPTED:
                    return None
                answer = _ACCEPTED[value]
            elif name in _UNUSUAL:
                return None
        if form is None or length is None or not length.isdigit():
            return None
        limit = self._settings.max_body_bytes
        # A thread, which large bodies of other formats are decoded in, is the ASGI lane's.
        if int(length) > (limit if form is _JSON else min(limit, LARGE_BYTES)):
            return None
        if not (form.ready() and answer.ready()):
            return None
        named = request_id(None if identity is None else identity.decode("latin-1"))
        return FastCycle(self, route, model, named, self._access, form, answer, keep_alive=parser.should_keep_alive())

    def _enter_asgi_lane(self) -> None:
        """As if the base class had seen the request from its first byte."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()

    def _extend(self, size: int) -> None:
        """Give a stream the time of a body anew for each largest body's worth of bytes that the application takes."""
        self._body_bytes += size
        if self._body_bytes > self._settings.max_body_bytes and not self.cycle.response_complete:
            self._body_bytes = 0
            self._reading_since = self.loop.time()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._settings.max_header_bytes:
            limit = self._settings.max_header_bytes
            detail = f"a request's head is at most {limit} bytes"
            self._refused = (431, "head_too_large", "Request Header Fields Too Large", detail)
            raise httptools.HttpParserError(detail)

    def _check_deadline(self) -> None:
        """Close a connection whose request has been arriving for too long; look again when the next one may be."""
        now = self.loop.time()
        if self.transport.is_closing():
            return
        since = self._reading_since
        if since is not None and self.flow is not None and self.flow.read_paused:
            since = self._reading_since = now  # it is the service that takes its time
        left = self._read_seconds if since is None else since + self._read_seconds - now
        if left <= 0:
            detail = f"a request must arrive within {self._read_seconds:g} s"
            self._refused = (408, "request_timeout", "Request Timeout", detail)
            self.send_400_response(detail)
        else:
            self._watch = self.loop.call_later(max(left, 0.01), self._check_deadline)


class FastCycle:
    """One request of the fast lane; the attributes without underscore are those that the base class looks at."""

    __slots__ = (
        "_access", "_answer", "_form", "_identity", "_model", "_protocol", "_route", "_started",
        "body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete",
    )  # fmt: skip

    def __init__(
        self,
        protocol: PredictProtocol,
        route: str,
        model: LoadedModel,
        identity: str,
        access: Access,
        form: Format,
        answer: Format,
        *,
        keep_alive: bool,
    ) -> None:
        self._protocol = protocol
        self._route = route
        self._model = model
        self._identity = identity
        self._access = access
        self._form = form
        self._answer = answer
        self._started = perf_counter()
        self.body: list[bytes] = []
        self.keep_alive = keep_alive
        self.response_complete = False
        self.disconnected = False
        self.message_event = _Unheard
        access.begin()

    def start(self) -> None:
        """Parse the body and queue its rows."""
        model = self._model
        try:
            body = self.body[0] if len(self.body) == 1 else b"".join(self.body)
            payloads = decode(self._form, body, model)
            first = payloads[0]
            if len(payloads) == 1 and len(first) <= model.policy.max_batch_rows:
                model.batcher.enqueue(first, len(first), self._done)
            else:
                task = self._protocol.loop.create_task(self._predict(payloads))
                self._protocol.tasks.add(task)
                task.add_done_callback(self._protocol.tasks.discard)
        except Exception as error:  # whatever it is, it must be answered
            self._fail(error)

    def _done(self, outcome: Outcome) -> None:
        try:
            self._succeed(self._model.accept(outcome))
        except Exception as error:  # whatever it is, it must be answered
            self._fail(error)

    async def _predict(self, payloads: Sequence[Payload]) -> None:
        try:
            self._succeed(join([await self._model.predict(payload) for payload in payloads]))
        except Exception as error:  # whatever it is, it must be answered
            self._fail(error)

    def _succeed(self, answers: Answers) -> None:
        body = encode(self._answer, answers, self._model)
        self._respond(200, body, self._answer.content_type.encode(), {})

    def _fail(self, error: Exception) -> None:
        if isinstance(error, SlipwayError):
            self._respond(error.status, render_error(self._identity, error), MEDIA_TYPE.encode(), error.headers)
        else:
            log.error("request failed", exc_info=error, extra={"request_id": self._identity})
            self._respond(SlipwayError.status, render_bug(self._identity), MEDIA_TYPE.encode(), {})

    def _respond(self, status: int, body: bytes, kind: bytes, headers: dict[str, str]) -> None:
        protocol = self._protocol
        self.response_complete = True
        seconds = perf_counter() - self._started
        if protocol.transport.is_closing():
            self._access.end(self._identity, "POST", self._route, None, seconds)
            return
        extra = b"".join([f"{name.lower()}: {value}\r\n".encode() for name, value in headers.items()])
        named = b"x-request-id: " + self._identity.encode() + b"\r\n"
        head = _head(protocol, status, len(body), kind, named, extra=extra, keep_alive=self.keep_alive)
        protocol.transport.write(head + body)
        self._access.end(self._identity, "POST", self._route, status, seconds)
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


class _Unheard:
    """Stands for the event that wakes an ASGI application; the fast lane has none."""

    @staticmethod
    def set() -> None:
        """Nobody waits."""


def _head(
    protocol: PredictProtocol,
    status: int,
    length: int,
    kind: bytes,
    named: bytes,
    *,
    extra: bytes = b"",
    keep_alive: bool,
) -> bytes:
    lines = [STATUS_LINE[status]]
    for name, value in protocol.server_state.default_headers:
        lines += (name, b": ", value, b"\r\n")
    lines += (extra, b"content-length: ", str(length).encode(), b"\r\ncontent-type: ", kind, b"\r\n", named)
    lines.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    return b"".join(lines)
