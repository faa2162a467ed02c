"""Around every request: its id, its metrics, one log line, and an answer when the code itself fails."""

import logging
import re
import secrets
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.errors import SlipwayError
from app.metrics import Metrics

log = logging.getLogger("slipway.access")

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMiddleware:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status: int | None = None
        scope["request_id"] = request_id = _request_id(Headers(scope=scope).get("x-request-id"))

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            log.exception("request failed", extra={"request_id": request_id})
            if status is None:
                answer = problem(request_id, SlipwayError.status, SlipwayError.code, SlipwayError.title, "see the log")
                await answer(scope, receive, send_with_id)
        finally:
            self._metrics.in_flight.dec()
            self._record(scope, status, perf_counter() - started)

    def _record(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        # 499: the client went away before there was an answer.
        shown = status or 499
        self._metrics.requests.labels(route, method, str(shown)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        details = {"method": method, "route": route, "status": shown, "seconds": round(seconds, 6)}
        log.info("request", extra={"request_id": scope["request_id"], **details})


def _request_id(received: str | None) -> str:
    """The caller's id where it is printable ASCII of at most 128 characters, a new one elsewhere."""
    return received if received and _REQUEST_ID.fullmatch(received) else secrets.token_hex(16)
