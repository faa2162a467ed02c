"""Errors as problem details (RFC 9457), in the same bytes whichever path answers the request.

Tests: tests/app/server/test_protocol.py (all paths answer alike), tests/app/api/test_middleware.py (an unexpected
error)
"""

import logging
from collections.abc import Mapping
from typing import Any

import orjson

from app.errors import SlipwayError

log = logging.getLogger("slipway")

MEDIA_TYPE = "application/problem+json"


def render(
    request_id: str | None,
    status: int,
    code: str,
    title: str,
    detail: str,
    extensions: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the JSON body of a problem; `extensions` are further members of it."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return orjson.dumps({**content, "request_id": request_id, **(extensions or {})})


def render_error(request_id: str | None, error: SlipwayError) -> bytes:
    """Return the JSON body that describes an error."""
    return render(request_id, error.status, error.code, error.title, str(error), error.extensions())


def problem_response(request_id: str, error: Exception) -> tuple[int, bytes, Mapping[str, str]]:
    """Return the status, body and headers that answer an error.

    An unexpected error is logged with its traceback, and the client only learns that there was one.
    """
    if isinstance(error, SlipwayError):
        return error.status, render_error(request_id, error), error.headers
    log.error("request failed", exc_info=error, extra={"request_id": request_id})
    body = render(request_id, SlipwayError.status, SlipwayError.code, SlipwayError.title, "see the log")
    return SlipwayError.status, body, {}
