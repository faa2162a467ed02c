"""The id, metrics and log line of every request that FastAPI answers, and the answer to an unexpected error."""

from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import MEDIA_TYPE, problem_response
from app.telemetry.access_log import AccessRecorder
from app.telemetry.request_id import request_id

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMiddleware:
    """The outermost layer of the requests that FastAPI answers."""

    def __init__(self, app: ASGIApp, access: AccessRecorder) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status: int | None = None
        scope["request_id"] = identifier = request_id(Headers(scope=scope).get("x-request-id"))

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = identifier
            await send(message)

        self._access.begin()
        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            pass  # there is no one to answer
        except Exception as error:
            failed, body, headers = problem_response(identifier, error)
            if status is None:
                answer = Response(body, status_code=failed, headers=headers, media_type=MEDIA_TYPE)
                await answer(scope, receive, send_with_id)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._access.end(identifier, method, route, status, perf_counter() - started)
