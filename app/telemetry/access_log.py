"""Counts and logs of every request, whichever path answered it.

Tests: tests/app/api/test_middleware.py (log lines), tests/app/server/test_protocol.py (both fast paths count alike)
"""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime

import orjson

from app.settings import Settings
from app.telemetry.metrics import Metrics

CLIENT_LEFT = 499
"""The status recorded when the client disconnects before it is answered (nginx's non-standard code)."""

_LOGGER = "slipway.access"


class AccessRecorder:
    """Counts every request and logs it where SLIPWAY_ACCESS_LOG is set. Lives as long as the application."""

    def __init__(self, metrics: Metrics, settings: Settings) -> None:
        self._metrics = metrics
        self._in_flight = metrics.in_flight
        enabled = settings.access_log and logging.getLogger(_LOGGER).isEnabledFor(logging.INFO)
        self._log = AccessLog() if enabled else None

    def begin(self) -> None:
        """Count a request as being answered."""
        self._in_flight.value += 1.0

    def end(self, request_id: str, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count and log the request as answered; a `status` of None means that its client left."""
        recorded = CLIENT_LEFT if status is None else status
        self._in_flight.value -= 1.0
        self._metrics.count_request(route, method, recorded, seconds)
        if self._log is not None:
            self._log.add(request_id, method, route, recorded, seconds)


class AccessLog:
    """Writes one JSON line per request to standard error, with the same keys as all other log lines.

    The lines of one pass of the event loop share one write. Through `logging`, a line would cost more than the
    prediction that it reports (docs/performance.md).
    """

    def __init__(self) -> None:
        self._stream = sys.stderr.buffer
        self._lines: list[bytes] = []

    def add(self, request_id: str, method: str, route: str, status: int, seconds: float) -> None:
        """Queue a line, to be written at the end of this pass of the event loop."""
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
        with suppress(OSError, ValueError):  # standard error was closed; a lost line must not fail a request
            self._stream.write(b"".join(lines))
            self._stream.flush()
