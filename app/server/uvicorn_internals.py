"""The internals of uvicorn that this service builds on, checked at import.

They are not part of uvicorn's public interface, and a release may change them: pyproject.toml caps the version, and
where another one is installed all the same, the error says so instead of a request that fails.
"""

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
)
_STATE = ("connections", "default_headers", "tasks", "total_requests")
_SERVER = ("on_tick", "shutdown", "startup")


def check(protocol: type, state: object, server: type) -> None:
    """Raise ImportError where uvicorn's protocol, server state or server class lacks what this service builds on."""
    init = vars(protocol).get("__init__")
    # There is no connection here whose attributes could be asked for, but the constructor's code names what it sets.
    set_by_init = init.__code__.co_names if isinstance(init, FunctionType) else ()
    missing = [
        *(f"{protocol.__name__}.{name}" for name in (*_OVERRIDDEN, *_CALLED) if not hasattr(protocol, name)),
        *(f"{protocol.__name__}.{name}" for name in _ATTRIBUTES if name not in set_by_init),
        *(f"{type(state).__name__}.{name}" for name in _STATE if not hasattr(state, name)),
        *(f"{server.__name__}.{name}" for name in _SERVER if not hasattr(server, name)),
    ]
    if missing:
        raise _unsupported(f"it has no {', '.join(missing)}")


def _unsupported(reason: str) -> ImportError:
    return ImportError(f"the service cannot run on uvicorn {uvicorn.__version__}, {reason}: install {_SUPPORTED}")


try:
    from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
    from uvicorn.server import Server, ServerState
except ImportError as error:
    raise _unsupported(str(error)) from error

check(HttpToolsProtocol, ServerState(), Server)

__all__ = ["STATUS_LINE", "HttpToolsProtocol", "check"]
