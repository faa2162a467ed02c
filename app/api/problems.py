"""Handlers that answer every error as problem details (RFC 9457).

Tests: tests/app/api/test_predict.py (every refusal), tests/app/api/test_openapi.py (every error is documented)
"""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from app.errors import SlipwayError
from app.problems import MEDIA_TYPE, render, render_error

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "The problem in words, for people."},
        "code": {"type": "string", "description": "The problem as a constant, for programs."},
        "request_id": {"type": ["string", "null"]},
        "total": {"type": "integer", "description": "How many problems there are."},
        "problems": {
            "type": "array",
            "description": "The first 10 of them.",
            "items": {
                "type": "object",
                "required": ["instance", "feature", "rule", "value"],
                "properties": {
                    "instance": {"type": ["integer", "null"], "description": "0-based position in `instances`."},
                    "feature": {"type": ["string", "null"]},
                    "rule": {"type": "string"},
                    "value": {"type": ["string", "null"], "description": "The value received, cut to a line."},
                },
            },
        },
    },
}


def install(app: FastAPI) -> None:
    """Make the application answer its own errors and HTTP's as problem details."""
    app.add_exception_handler(SlipwayError, _slipway_error)
    app.add_exception_handler(HTTPException, _http_exception)


async def _slipway_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, SlipwayError):
        raise error
    body = render_error(_request_id(request), error)
    return Response(body, status_code=error.status, headers=error.headers, media_type=MEDIA_TYPE)


async def _http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    body = render(_request_id(request), error.status_code, code, phrase, error.detail)
    return Response(body, status_code=error.status_code, headers=error.headers, media_type=MEDIA_TYPE)


def _request_id(request: Request) -> str | None:
    """Return the id that the middleware gave this request, None where it gave none."""
    identifier: str | None = request.scope.get("request_id")
    return identifier
