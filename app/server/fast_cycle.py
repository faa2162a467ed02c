"""One request on the fast path: from its whole body to its answer on the wire.

Tests: tests/app/server/test_protocol.py
"""

import asyncio
from collections.abc import Sized
from time import perf_counter
from typing import Protocol

from app.models.predict import submit_body
from app.problems import MEDIA_TYPE, problem_response
from app.server.recognizer import PlainRequest
from app.telemetry.access_log import AccessRecorder


class Connection(Protocol):
    """The parts of a connection that a request needs."""

    access: AccessRecorder
    transport: asyncio.Transport

    @property
    def connections(self) -> Sized:
        """All open connections of the server."""
        ...

    @property
    def tasks(self) -> "set[asyncio.Task[None]]":
        """The tasks that the server waits for when it stops."""
        ...

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
        """Return the head of an answer."""
        ...

    def fast_response_complete(self) -> None:
        """Go on with the next request."""
        ...


class FastCycle:
    """One request of a connection, which reads the public attributes as it would those of uvicorn's request cycle."""

    __slots__ = (
        "_connection", "_incomplete", "_request_id", "_started",
        "disconnected", "keep_alive", "message_event", "more_body", "parts", "request", "response_complete",
    )  # fmt: skip

    def __init__(self, connection: Connection, request: PlainRequest) -> None:
        self._connection = connection
        self._started = perf_counter()
        self._request_id = request.request_id()
        self._incomplete = True
        self.request = request
        self.parts: list[bytes] = []
        self.keep_alive = True
        self.response_complete = False
        self.disconnected = False
        self.message_event = _NullEvent
        connection.access.begin()

    def start(self, body: bytes) -> None:
        """Decode the body and queue its rows; the answer is written when their batch has run."""
        self._incomplete = False
        request, connection = self.request, self._connection
        task = submit_body(
            request.served,
            request.request_codec,
            request.response_codec,
            body,
            self._succeed,
            self._fail,
            alone=len(connection.connections) == 1,
        )
        if task is not None:
            connection.tasks.add(task)
            task.add_done_callback(connection.tasks.discard)

    def leave(self) -> None:
        """Record a request whose client left before the whole body came; after that, `_respond` sees that it left."""
        if self._incomplete:
            self._incomplete = False
            seconds = perf_counter() - self._started
            self._connection.access.end(self._request_id, "POST", self.request.route, None, seconds)

    def _succeed(self, body: bytes) -> None:
        self._respond(200, body, self.request.response_codec.content_type)

    def _fail(self, error: Exception) -> None:
        status, body, headers = problem_response(self._request_id, error)
        extra_lines = "".join([f"{name.lower()}: {value}\r\n" for name, value in headers.items()])
        self._respond(status, body, MEDIA_TYPE, extra_lines.encode())

    def _respond(self, status: int, body: bytes, content_type: str, extra_lines: bytes = b"") -> None:
        connection = self._connection
        self.response_complete = True
        seconds = perf_counter() - self._started
        if connection.transport.is_closing():
            connection.access.end(self._request_id, "POST", self.request.route, None, seconds)
            return
        request_id_line = b"x-request-id: %b\r\n" % self._request_id.encode()
        head = connection.head(
            status, len(body), content_type, request_id_line, extra_lines, keep_alive=self.keep_alive
        )
        connection.transport.write(head + body)
        connection.access.end(self._request_id, "POST", self.request.route, status, seconds)
        if not self.keep_alive:
            connection.transport.close()
        connection.fast_response_complete()


class _NullEvent:
    """A stand-in for the event that wakes an ASGI application, of which this path has none."""

    @staticmethod
    def set() -> None:
        """Do nothing, since nothing waits for it."""
