"""Every error as problem details (RFC 9457), in one shape."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from app.errors import SlipwayError

MEDIA_TYPE = "application/problem+json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, for a person."},
        "code": {"type": "string", "description": "What is wrong, for a program."},
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


def problem(
    request_id: str | None,
    status: int,
    code: str,
    title: str,
    detail: str,
    extensions: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response that says what is wrong."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    body = orjson.dumps({**content, "request_id": request_id, **(extensions or {})})
    return Response(body, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make the application answer every error this way."""
    app.add_exception_handler(SlipwayError, _slipway_error)
    app.add_exception_handler(HTTPException, _http_exception)


async def _slipway_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, SlipwayError):
        raise error
    return problem(
        request_id(request), error.status, error.code, error.title, str(error), error.extensions(), error.headers
    )


async def _http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(request_id(request), error.status_code, code, phrase, error.detail, headers=error.headers)


def request_id(request: Request) -> str | None:
    """The id that the middleware gave this request."""
    found: str | None = request.scope.get("request_id")
    return found
