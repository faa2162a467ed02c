"""The fast lane's part of a request: from a whole body to its answer on the wire."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from app.batching.batcher import Outcome
from app.codecs.columns import Rows
from app.codecs.predictions import Predictions
from app.prediction import decode, encode
from app.problems import MEDIA_TYPE, problem_response
from app.server.recognizer import PlainRequest

if TYPE_CHECKING:
    from app.server.protocol import PredictProtocol


class FastCycle:
    """One request of a connection; the attributes without underscore are those that the connection looks at."""

    __slots__ = (
        "_identity", "_incomplete", "_protocol", "_started",
        "disconnected", "keep_alive", "message_event", "more_body", "parts", "request", "response_complete",
    )  # fmt: skip

    def __init__(self, protocol: "PredictProtocol", request: PlainRequest) -> None:
        self._protocol = protocol
        self._started = perf_counter()
        self._identity = request.request_id()
        self._incomplete = True
        self.request = request
        self.parts: list[bytes] = []
        self.keep_alive = True
        self.response_complete = False
        self.disconnected = False
        self.message_event = _Unheard
        protocol.access.begin()

    def start(self, body: bytes) -> None:
        """Parse the body and queue its rows."""
        self._incomplete = False
        request = self.request
        served = request.served
        try:
            payloads = decode(request.request_codec, body, served)
            first = payloads[0]
            if len(payloads) == 1 and len(first) <= served.policy.max_batch_rows:
                alone = len(self._protocol.connections) == 1
                served.batcher.enqueue(first, len(first), self._done, alone=alone)
            else:
                task = self._protocol.loop.create_task(self._predict(payloads))
                self._protocol.tasks.add(task)
                task.add_done_callback(self._protocol.tasks.discard)
        except Exception as error:  # whatever it is, it must be answered
            self._fail(error)

    def leave(self) -> None:
        """The client left; where its request is whole, its answer will notice."""
        if self._incomplete:
            self._incomplete = False
            seconds = perf_counter() - self._started
            self._protocol.access.end(self._identity, "POST", self.request.route, None, seconds)

    def _done(self, outcome: Outcome) -> None:
        try:
            self._succeed(self.request.served.accept(outcome))
        except Exception as error:  # whatever it is, it must be answered
            self._fail(error)

    async def _predict(self, payloads: Sequence[Rows]) -> None:
        try:
            self._succeed(await self.request.served.predict_all(payloads))
        except Exception as error:  # whatever it is, it must be answered
            self._fail(error)

    def _succeed(self, predictions: Predictions) -> None:
        form = self.request.response_codec
        self._respond(200, encode(form, predictions, self.request.served), form.content_type)

    def _fail(self, error: Exception) -> None:
        status, body, headers = problem_response(self._identity, error)
        extra = "".join([f"{name.lower()}: {value}\r\n" for name, value in headers.items()])
        self._respond(status, body, MEDIA_TYPE, extra.encode())

    def _respond(self, status: int, body: bytes, content_type: str, extra: bytes = b"") -> None:
        protocol = self._protocol
        self.response_complete = True
        seconds = perf_counter() - self._started
        if protocol.transport.is_closing():
            protocol.access.end(self._identity, "POST", self.request.route, None, seconds)
            return
        named = b"x-request-id: %b\r\n" % self._identity.encode()
        head = protocol.head(status, len(body), content_type, named, extra, keep_alive=self.keep_alive)
        protocol.transport.write(head + body)
        protocol.access.end(self._identity, "POST", self.request.route, status, seconds)
        if not self.keep_alive:
            protocol.transport.close()
        protocol.fast_response_complete()


class _Unheard:
    """Stands for the event that wakes an ASGI application; the fast lane has none."""

    @staticmethod
    def set() -> None:
        """Nobody waits."""
