"""An error as problem details (RFC 9457): the bytes that every lane answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from app.errors import SlipwayError

MEDIA_TYPE = "application/problem+json"


def render(
    request_id: str | None,
    status: int,
    code: str,
    title: str,
    detail: str,
    extensions: Mapping[str, Any] | None = None,
) -> bytes:
    """The body of a problem."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return orjson.dumps({**content, "request_id": request_id, **(extensions or {})})


def render_error(request_id: str | None, error: SlipwayError) -> bytes:
    """The body of the problem that an error is."""
    return render(request_id, error.status, error.code, error.title, str(error), error.extensions())


def render_bug(request_id: str | None) -> bytes:
    """The body of an answer to a failure of the code itself; the log has the rest."""
    return render(request_id, SlipwayError.status, SlipwayError.code, SlipwayError.title, "see the log")
