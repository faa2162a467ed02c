"""The internals of uvicorn that this service builds on, checked at import.

They are not part of uvicorn's public interface, and a release may change them. pyproject.toml caps the version; if
another one is installed all the same, the service refuses to start and says why, instead of failing at a request.
"""

import asyncio
from types import FunctionType

import uvicorn

_SUPPORTED = "uvicorn>=0.54,<0.55"
_OVERRIDDEN = (
    "connection_lost",
    "connection_made",
    "data_received",
    "on_body",
    "on_header",
    "on_headers_complete",
    "on_message_begin",
    "on_message_complete",
    "on_url",
    "send_400_response",
    "timeout_keep_alive_handler",
)
_CALLED = ("on_response_complete", "shutdown")
_ATTRIBUTES = (
    "app_state",
    "connections",
    "cycle",
    "expect_100_continue",
    "flow",
    "headers",
    "limit_concurrency",
    "loop",
    "parser",
    "pipeline",
    "root_path",
    "server_state",
    "tasks",
    "timeout_keep_alive",
    "timeout_keep_alive_task",
    "transport",
    "url",
)
_CYCLE_ATTRIBUTES = ("disconnected", "keep_alive", "message_event", "more_body", "response_complete")  # FastCycle's too
_STATE_ATTRIBUTES = ("connections", "default_headers", "tasks", "total_requests")
_SERVER_METHODS = ("on_tick", "shutdown", "startup")  # app/workers/worker.py overrides them


def check(protocol: type, cycle: type, state: object, server: type) -> None:
    """Raise ImportError if uvicorn's classes lack a method or attribute that this service builds on."""
    methods = {protocol: (*_OVERRIDDEN, *_CALLED), server: _SERVER_METHODS}
    attributes = {protocol: _ATTRIBUTES, cycle: _CYCLE_ATTRIBUTES}
    missing = [
        *(f"{owner.__name__}.{name}" for owner, names in methods.items() for name in names if not _has(owner, name)),
        *(
            f"{owner.__name__}.{name}"
            for owner, names in attributes.items()
            for name in names
            if name not in _names_used_at_start(owner)
        ),
        *(f"{type(state).__name__}.{name}" for name in _STATE_ATTRIBUTES if not hasattr(state, name)),
    ]
    if missing:
        raise _unsupported(f"it has no {', '.join(missing)}")


def _has(owner: type, method: str) -> bool:
    """Return True if a class has a method that it does not merely inherit from asyncio.Protocol."""
    return getattr(owner, method, None) is not getattr(asyncio.Protocol, method, None)


def _names_used_at_start(owner: type) -> set[str]:
    """Return the names that the code which starts a connection or a request uses, those that it sets among them.

    Attributes are set on instances, and to make one just for this check would take a configured server.
    """
    functions = [vars(owner).get(name) for name in ("__init__", "on_message_begin")]
    return {name for function in functions if isinstance(function, FunctionType) for name in function.__code__.co_names}


def _unsupported(reason: str) -> ImportError:
    return ImportError(f"the service cannot run on uvicorn {uvicorn.__version__}, {reason}: install {_SUPPORTED}")


try:
    from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
    from uvicorn.server import Server, ServerState
except ImportError as error:
    raise _unsupported(str(error)) from error

check(HttpToolsProtocol, RequestResponseCycle, ServerState(), Server)

__all__ = ["STATUS_LINE", "HttpToolsProtocol", "check"]
