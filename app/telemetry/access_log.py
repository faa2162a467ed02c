"""What is counted and logged of every request, whichever lane answered it."""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime

import orjson

from app.settings import Settings
from app.telemetry.metrics import Metrics

CLIENT_LEFT = 499
"""The status counted where the client went away before there was an answer."""

_LOGGER = "slipway.access"


class Access:
    """Lives as long as the application."""

    def __init__(self, metrics: Metrics, settings: Settings) -> None:
        self._metrics = metrics
        self._in_flight = metrics.in_flight
        logged = settings.access_log and logging.getLogger(_LOGGER).isEnabledFor(logging.INFO)
        self._log = AccessLog() if logged else None

    def begin(self) -> None:
        """A request is being answered."""
        self._in_flight.value += 1.0

    def end(self, request_id: str, method: str, route: str, status: int | None, seconds: float) -> None:
        """It was answered with a status, or its client left (None)."""
        shown = CLIENT_LEFT if status is None else status
        self._in_flight.value -= 1.0
        self._metrics.request(route, method, shown, seconds)
        if self._log is not None:
            self._log.add(request_id, method, route, shown, seconds)


class AccessLog:
    """Write a JSON line a request, in the form of all other log lines; one write for all of an event loop pass.

    Through `logging` a line costs more than the prediction that it tells of (docs/performance.md).
    """

    def __init__(self) -> None:
        self._stream = sys.stderr.buffer
        self._lines: list[bytes] = []

    def add(self, request_id: str, method: str, route: str, status: int, seconds: float) -> None:
        """Write a line soon."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        line = {
            "level": "INFO",
            "logger": _LOGGER,
            "message": "request",
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(seconds, 6),
            "time": datetime.now(UTC),
        }
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        with suppress(OSError, ValueError):  # nobody reads standard error any more
            self._stream.write(b"".join(lines))
            self._stream.flush()
