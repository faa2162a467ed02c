"""What the service may and may not pull in."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"


@pytest.mark.parametrize(
    "module",
    [
        *("pyarrow", "tensorflow", "keras", "training", "polars", "onnx", "sklearn", "matplotlib", "PIL", "pickle5"),
        "pydantic.v1",  # FastAPI imports it for each parameter of a route: a tenth of a start
    ],
)
def test_serving_does_not_import(module: str) -> None:
    """A fresh process that makes the application knows nothing of training, nor of what no request needs."""
    code = f"import sys, app.main; app.main.create_app(); sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["fastapi", "starlette", "opentelemetry", "prometheus_client"])
def test_the_first_prediction_waits_for_no_web_framework(module: str) -> None:
    code = f"import sys, app.serve, app.deferred, app.engine, app.protocol; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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
    for source in (APP / "batching").glob("*.py"):
        imported = re.findall(r"^from (app[\w.]*)", source.read_text(), re.MULTILINE)
        assert set(imported) <= {"app.errors", "app.batching.policy"}
