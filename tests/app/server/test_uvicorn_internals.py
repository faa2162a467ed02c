"""A uvicorn that lacks what the service builds on is refused at import, not at the first request."""

import asyncio
import importlib
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import Server, ServerState

from app.server import uvicorn_internals
from app.server.protocol import PredictProtocol
from app.server.uvicorn_internals import HttpToolsProtocol, check

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


class Other(asyncio.Protocol):
    """A class of another uvicorn, which sets nothing."""

    def __init__(self) -> None:
        """Set no attribute."""


def test_the_installed_uvicorn_lacks_nothing() -> None:
    check(HttpToolsProtocol, RequestResponseCycle, ServerState(), Server)


@pytest.mark.parametrize("name", ["on_url", "data_received", "pipeline", "url"])
def test_what_the_protocol_lacks_is_named_with_the_installed_version(name: str) -> None:
    with pytest.raises(ImportError, match=rf"uvicorn {uvicorn.__version__}, it has no .*Other\.{name}\b"):
        check(Other, RequestResponseCycle, ServerState(), Server)


@pytest.mark.parametrize("name", ["more_body", "total_requests", "on_tick"])
def test_what_the_other_classes_lack_is_named_too(name: str) -> None:
    with pytest.raises(ImportError, match=rf"Other\.{name}\b"):
        check(HttpToolsProtocol, Other, Other(), Other)


def test_a_module_that_has_moved_is_named_with_the_versions_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn.protocols.http.httptools_impl", ModuleType("httptools_impl"))
    monkeypatch.delitem(sys.modules, "app.server.uvicorn_internals")
    with pytest.raises(ImportError, match=r"cannot import name .*: install uvicorn>=0\.54,<0\.55"):
        importlib.import_module("app.server.uvicorn_internals")


def test_every_method_that_the_protocol_overrides_is_checked() -> None:
    overridden = {name for name in vars(PredictProtocol) if hasattr(HttpToolsProtocol, name) and name[0] != "_"}
    assert overridden == set(uvicorn_internals._OVERRIDDEN)


def test_the_error_names_the_versions_that_pyproject_allows() -> None:
    dependencies = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    (allowed,) = (dependency for dependency in dependencies if dependency.startswith("uvicorn"))
    assert str(uvicorn_internals._unsupported("")).endswith(f"install {allowed}")
