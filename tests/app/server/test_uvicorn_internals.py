"""Another uvicorn than the service builds on is named before the first request."""

import tomllib
from pathlib import Path

import pytest
import uvicorn
from uvicorn.server import Server, ServerState

from app.server import uvicorn_internals
from app.server.protocol import PredictProtocol
from app.server.uvicorn_internals import HttpToolsProtocol, check

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_the_installed_uvicorn_has_all_of_it() -> None:
    check(HttpToolsProtocol, ServerState(), Server)


@pytest.mark.parametrize("name", ["on_url", "pipeline"])
def test_what_is_missing_is_named_with_the_version_found(name: str) -> None:
    class Other:
        """A protocol class of another uvicorn."""

        def __init__(self) -> None:
            """Set nothing."""

    with pytest.raises(ImportError, match=rf"uvicorn {uvicorn.__version__}, it has no .*Other\.{name}"):
        check(Other, ServerState(), Server)


def test_every_method_that_the_protocol_overrides_is_checked() -> None:
    overridden = {name for name in vars(PredictProtocol) if hasattr(HttpToolsProtocol, name) and name[0] != "_"}
    assert overridden == set(uvicorn_internals._OVERRIDDEN)


def test_the_error_tells_the_versions_that_pyproject_allows() -> None:
    dependencies = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    (allowed,) = (one for one in dependencies if one.startswith("uvicorn"))
    assert str(uvicorn_internals._unsupported("")).endswith(f"install {allowed}")
