"""The service on onnxruntime-gpu where there is no GPU: others run on the CPU there and never say so."""

import ctypes.util
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.session import CPU, CUDA
from tests.server import spawned, wait_until

pytestmark = [
    pytest.mark.skipif((platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="no such wheel here"),
    pytest.mark.skipif(ctypes.util.find_library("cuda") is not None, reason="an NVIDIA driver is installed here"),
]

NO_DRIVER = "no NVIDIA driver is installed (libcuda.so.1 was not found)"


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of an environment that has onnxruntime-gpu but not CUDA's libraries."""
    python = Path(sys.prefix, "gpu-wheel/bin/python")
    assert python.exists(), "run `make .venv/.gpu-wheel` first, as `make test` does"
    return python


def test_it_answers_on_the_cpu_and_says_why(python: Path, models: Path) -> None:
    with spawned(models, python=python) as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        health = client.get("/health").json()
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert health["models"][0]["provider"] == CPU
    assert health["models"][0]["nodes"].keys() == {CPU}
    assert health["cuda"] == {"usable": False, "reason": NO_DRIVER}
    # onnxruntime's own complaints would be lines that are no JSON.
    assert [json.loads(line)["level"] for line in errors.splitlines()].count("ERROR") == 0


def test_a_service_that_requires_a_gpu_is_never_ready(python: Path, models: Path) -> None:
    with spawned(models, python=python, SLIPWAY_REQUIRE_GPU="true") as (_, client):
        wait_until(lambda: client.get("/health/ready").json()["reasons"] != ["models are being loaded"])
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        f"credit:1 was refused: SLIPWAY_REQUIRE_GPU is set, but the graph runs on the CPU: {NO_DRIVER}"
    ]


def test_a_gpu_that_is_named_is_never_replaced_by_the_cpu(python: Path, models: Path) -> None:
    with spawned(models, python=python, SLIPWAY_PROVIDERS=f"{CUDA},{CPU}") as (_, client):
        wait_until(lambda: client.get("/health/ready").json()["reasons"] != ["models are being loaded"])
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [f"credit:1 was refused: SLIPWAY_PROVIDERS names {CUDA}, but {NO_DRIVER}"]


def test_check_says_why(python: Path, models: Path) -> None:
    lines = checked(python, models)
    assert any(line.startswith("providers") and CUDA in line for line in lines)
    assert f"cuda       not usable: {NO_DRIVER}" in lines


@pytest.mark.skipif(shutil.which("cc") is None, reason="a driver to pretend with is compiled")
@pytest.mark.parametrize(
    ("gpus", "cuda", "reason"),
    [
        (0, 13000, "the NVIDIA driver finds no GPU"),
        (1, 12080, "the NVIDIA driver supports CUDA 12.8, this onnxruntime needs CUDA 13"),
        (1, 13000, "CUDA's libraries cannot be loaded (libcublasLt.so.13: cannot open shared object file: "),
    ],
)
def test_a_driver_that_does_not_suffice_is_told(
    python: Path, models: Path, tmp_path: Path, gpus: int, cuda: int, reason: str
) -> None:
    (tmp_path / "driver.c").write_text(
        f"int cuInit(unsigned flags) {{ return 0; }}"
        f"int cuDeviceGetCount(int *count) {{ *count = {gpus}; return 0; }}"
        f"int cuDriverGetVersion(int *version) {{ *version = {cuda}; return 0; }}"
    )
    subprocess.run(["cc", "-shared", "-fPIC", "driver.c", "-o", "libcuda.so.1"], cwd=tmp_path, check=True)
    lines = checked(python, models, LD_LIBRARY_PATH=str(tmp_path))
    assert any(line.startswith(f"cuda       not usable: {reason}") for line in lines), lines


def checked(python: Path, models: Path, **environment: str) -> list[str]:
    """Return what `python -m app check` prints; it finds the model sound, and nothing is printed by others."""
    done = subprocess.run(
        [python, "-m", "app", "check", "--models", str(models)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert all(
        line.startswith(("python", "slipway", "providers", "cuda", "threads", "precision", "models", " "))
        for line in lines
    )
    return lines
