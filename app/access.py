"""What is counted and logged of every request, whichever lane answered it."""

import logging

from app.metrics import Metrics
from app.settings import Settings

log = logging.getLogger("slipway.access")

CLIENT_LEFT = 499
"""The status counted where the client went away before there was an answer."""


class Access:
    """Lives as long as the application."""

    def __init__(self, metrics: Metrics, settings: Settings) -> None:
        self._metrics = metrics
        self._in_flight = metrics.in_flight
        self._logged = settings.access_log and log.isEnabledFor(logging.INFO)

    def begin(self) -> None:
        """A request is being answered."""
        self._in_flight.add()

    def end(self, request_id: str, method: str, route: str, status: int | None, seconds: float) -> None:
        """It was answered with a status, or its client left (None)."""
        shown = CLIENT_LEFT if status is None else status
        self._in_flight.add(-1.0)
        self._metrics.request(route, method, shown, seconds)
        if self._logged:
            details = {"method": method, "route": route, "status": shown, "seconds": round(seconds, 6)}
            log.info("request", extra={"request_id": request_id, **details})
