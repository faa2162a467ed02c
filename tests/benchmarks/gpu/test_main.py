import subprocess
import sys
from pathlib import Path

import pytest

from app.session import cuda_status
from benchmarks.gpu.__main__ import main
from benchmarks.gpu.service import rows_per_second


@pytest.mark.skipif(cuda_status().usable, reason="a GPU is usable here")
def test_without_a_gpu_it_says_so_and_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"nothing was measured, there is no usable GPU: {cuda_status().reason}\n"
    assert list(tmp_path.iterdir()) == []


def test_it_needs_neither_onnx_nor_pyarrow_nor_what_only_training_has() -> None:
    absent = "for name in ('onnx', 'pyarrow', 'tensorflow', 'sklearn', 'matplotlib'): sys.modules[name] = None"
    code = f"import sys\n{absent}\nimport benchmarks.gpu.__main__"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_service_is_asked_in_arrow_and_its_rows_are_counted() -> None:
    assert rows_per_second(64, 0.2, {"SLIPWAY_PROVIDERS": "CPUExecutionProvider"}) > 64
