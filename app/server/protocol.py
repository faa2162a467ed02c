"""The protocol of a connection: size caps and deadlines for every request, and the fast path of predictions.

A subclass of uvicorn's httptools protocol, given to uvicorn by its `http` setting. Requests that it does not answer
itself go to the base class unchanged, and so to FastAPI: other paths and methods, HTTP/1.0, chunked or encoded bodies,
`Expect`, `Upgrade`, and requests that were pipelined behind another.
"""

import asyncio
from typing import Any

import httptools

from app.problems import MEDIA_TYPE, render
from app.server.fast_cycle import FastCycle
from app.server.recognizer import PlainRequest, Recognizer
from app.server.uvicorn_internals import STATUS_LINE, HttpToolsProtocol
from app.settings import Settings
from app.telemetry.access_log import AccessRecorder

_END_OF_HEAD = b"\r\n\r\n"


class PredictProtocol(HttpToolsProtocol):
    """One connection of a client. Lives on the event loop, until the client or a deadline closes it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        settings: Settings = self.app_state["settings"]
        self._settings = settings
        self.access: AccessRecorder = self.app_state["access"]
        self._recognizer: Recognizer = self.app_state["recognizer"]
        self._fast = settings.fast_lane and not self.root_path and self.limit_concurrency is None
        self._between_requests = True
        self._idle_since = 0.0
        self._default_headers: list[tuple[bytes, bytes]] | None = None
        self._default_lines = b""
        self._head_bytes = self._body_bytes = 0
        self._reading_since: float | None = None
        self._read_seconds = settings.header_timeout_seconds
        self._check_seconds = min(settings.header_timeout_seconds, settings.body_timeout_seconds)
        self._watch: asyncio.TimerHandle | None = None
        self._refused: tuple[int, str, str, str] | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the deadline of the first request's head."""
        super().connection_made(transport)
        self._reading_since = self.loop.time()
        self._watch = self.loop.call_later(self._check_seconds, self._check_deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadline, and tell a request on the fast path that its client left."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)
        cycle: Any = self.cycle
        if type(cycle) is FastCycle:
            cycle.leave()

    def data_received(self, data: bytes) -> None:
        """Answer a whole request whose head is remembered at once, and let the base class parse all others."""
        if not (self._fast and self._between_requests):
            super().data_received(data)
            return
        head = data[: data.find(_END_OF_HEAD) + len(_END_OF_HEAD)]
        remembered = self._recognizer.remembered.get(head)
        if remembered is not None and len(data) == len(head) + remembered.length and not self._busy:
            self._reading_since = None
            self._begin(remembered).start(data[len(head) :])
            return
        before = self.cycle
        super().data_received(data)
        cycle: Any = self.cycle
        if remembered is None and cycle is not before and type(cycle) is FastCycle:
            self._remember(head, data, cycle)

    def on_message_begin(self) -> None:
        """Prepare for a head; what only ASGI needs is made later, if the request turns out to need it."""
        self._between_requests = False
        if self._fast:
            self.url = b""
            self.headers = []
            self.expect_100_continue = False
        else:
            super().on_message_begin()
        self._head_bytes = self._body_bytes = 0
        self._reading_since = self.loop.time()
        self._read_seconds = self._settings.header_timeout_seconds

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's target."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header of the request."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Choose between the fast path and ASGI."""
        self._read_seconds = self._settings.body_timeout_seconds
        if not self._fast:
            super().on_headers_complete()
            return
        plain = self._recognizer.recognize(self.url, self.headers) if self._may_be_plain() else None
        if plain is not None:
            self._begin(plain).keep_alive = self.parser.should_keep_alive()
        else:
            self._hand_to_asgi()

    def on_body(self, body: bytes) -> None:
        """Take a part of the request's body."""
        cycle: Any = self.cycle
        if type(cycle) is FastCycle:
            cycle.parts.append(body)
        else:
            super().on_body(body)
            self._extend(len(body))

    def on_message_complete(self) -> None:
        """Start to answer, now that the whole request has been read."""
        self._reading_since = None
        self._between_requests = True
        cycle: Any = self.cycle
        if type(cycle) is FastCycle:
            cycle.start(cycle.parts[0] if len(cycle.parts) == 1 else b"".join(cycle.parts))
        else:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer malformed HTTP, and requests over a cap or deadline, with a problem, and close the connection."""
        status, code, title, detail = self._refused or (400, "bad_request", "Bad Request", msg)
        self._refused = None
        body = render(None, status, code, title, detail)
        self.transport.write(self.head(status, len(body), MEDIA_TYPE, keep_alive=False) + body)
        self.transport.close()

    def head(
        self,
        status: int,
        length: int,
        content_type: str,
        request_id_line: bytes = b"",
        extra_lines: bytes = b"",
        *,
        keep_alive: bool,
    ) -> bytes:
        """Return the head of an answer; `request_id_line` and `extra_lines` are whole lines of headers."""
        defaults = self.server_state.default_headers
        if defaults is not self._default_headers:  # uvicorn makes a new list each second, for its date
            self._default_headers = defaults
            self._default_lines = b"".join([b"%b: %b\r\n" % header for header in defaults])
        return b"%b%b%bcontent-length: %d\r\ncontent-type: %b\r\n%b%b\r\n" % (
            STATUS_LINE[status],
            self._default_lines,
            extra_lines,
            length,
            content_type.encode(),
            request_id_line,
            b"" if keep_alive else b"connection: close\r\n",
        )

    def fast_response_complete(self) -> None:
        """Go on with the next request as `on_response_complete` does, but with one timer for many requests."""
        if self.pipeline or self.flow.read_paused or self.transport.is_closing():
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch_idling(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for long enough; check again later where it was used meanwhile."""
        self.timeout_keep_alive_task = None
        if self._busy:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch_idling(left)
        else:
            super().timeout_keep_alive_handler()

    def _begin(self, request: PlainRequest) -> FastCycle:
        cycle = FastCycle(self, request)
        self.cycle = cycle  # type: ignore[assignment]
        return cycle

    @property
    def _busy(self) -> bool:
        return bool((self.cycle is not None and not self.cycle.response_complete) or self.pipeline)

    def _may_be_plain(self) -> bool:
        parser = self.parser
        return not self._busy and parser.get_method() == b"POST" and parser.get_http_version() == "1.1"

    def _remember(self, head: bytes, data: bytes, cycle: FastCycle) -> None:
        """Remember the head, if it is whole: if all that follows its bytes was parsed as the body."""
        whole = self._between_requests and cycle.keep_alive and b"".join(cycle.parts) == data[len(head) :]
        if whole and head.startswith(b"POST "):
            self._recognizer.remember(head, cycle.request)

    def _watch_idling(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _hand_to_asgi(self) -> None:
        """Put the base class in the state in which it would be, had it seen the request from its first byte."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()

    def _extend(self, size: int) -> None:
        """Restart the deadline of a body whenever the application has taken another `max_body_bytes` of a stream."""
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
        """Close a connection whose request has been arriving for too long; check again when the next one may be."""
        now = self.loop.time()
        if self.transport.is_closing():
            return
        since = self._reading_since
        if since is not None and self.flow is not None and self.flow.read_paused:
            since = self._reading_since = now  # the service is slow, not the client
        left = self._read_seconds if since is None else since + self._read_seconds - now
        if left <= 0:
            detail = f"a request must arrive within {self._read_seconds:g} s"
            self._refused = (408, "request_timeout", "Request Timeout", detail)
            self.send_400_response(detail)
        else:
            self._watch = self.loop.call_later(min(max(left, 0.01), self._check_seconds), self._check_deadline)
