"""What the service may and may not pull in."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"


@cache
def imported(code: str) -> frozenset[str]:
    """The modules that a fresh process knows after this code."""
    program = f"import sys; {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        *("pyarrow", "tensorflow", "keras", "training", "polars", "onnx", "sklearn", "matplotlib", "PIL", "pickle5"),
        "pydantic.v1",  # FastAPI imports it for each parameter of a route: a tenth of a start
    ],
)
def test_serving_does_not_import(module: str) -> None:
    """A fresh process that makes the application knows nothing of training, nor of what no request needs."""
    found = imported("import app.main; app.main.create_app()")
    assert "app.main" in found
    assert module not in found


@pytest.mark.parametrize("module", ["fastapi", "starlette", "opentelemetry", "prometheus_client"])
def test_the_first_prediction_waits_for_no_web_framework(module: str) -> None:
    found = imported("import app.commands.serve, app.lazy_app, app.state, app.server.protocol")
    assert "app.server.protocol" in found
    assert module not in found


def test_the_service_reads_no_format_that_can_hold_code() -> None:
    for source in APP.rglob("*.py"):
        found = re.search(r"\b(pickle|joblib|cloudpickle|marshal|shelve|yaml\.load|eval|exec)\b\(?", source.read_text())
        assert found is None, f"{source}: {found}"


def test_only_the_session_imports_onnxruntime() -> None:
    importers = [
        one.parent
        for one in APP.rglob("*.py")
        if re.search(r"^\s*(import|from) onnxruntime", one.read_text(), re.MULTILINE)
    ]
    assert set(importers) == {APP / "session"}


def test_batching_knows_no_model() -> None:
    sources = set((APP / "batching").glob("*.py"))
    assert {"batcher.py", "costs.py", "policy.py"} <= {source.name for source in sources}
    for source in sources:
        assert own_imports(source) <= {"app.errors", "app.batching.policy"}


def test_the_session_imports_the_bundle_alone() -> None:
    for source in (APP / "session").glob("*.py"):
        rooms = {".".join(module.split(".")[:2]) for module in own_imports(source)}
        assert rooms <= {"app.bundle", "app.session"}


def test_a_worker_is_given_its_application_and_imports_none() -> None:
    """A worker reads connections and knows models; the routes and what puts the application together are above it."""
    modules = imported("import app.workers.worker")
    assert "app.server.protocol" in modules
    assert not {module for module in modules if module.startswith(("app.api", "app.main", "app.state", "fastapi"))}


def own_imports(source: Path) -> set[str]:
    """Return the modules of this project that a module imports, wherever in it the import stands."""
    return set(re.findall(r"^\s*(?:from|import) (app[\w.]*)", source.read_text(), re.MULTILINE))
