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


def test_batching_imports_only_errors_and_itself() -> None:
    for source in (APP / "batching").glob("*.py"):
        imported = re.findall(r"^from (app[\w.]*)", source.read_text(), re.MULTILINE)
        assert set(imported) <= {"app.errors", "app.batching.policy"}
