"""`slipway check`: the machine and the models, line by line."""

from pathlib import Path

import pytest

from app.__main__ import main
from tests import bundles


def test_a_valid_folder_is_reported_line_by_line(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--models", str(models)]) == 0
    output = capsys.readouterr().out
    assert "credit:1 is valid: digests, schemas and 3 golden rows; 4 nodes on CPUExecutionProvider" in output
    assert "not usable: " in output
    assert "per session (workers: 1)" in output


def test_a_tampered_file_is_named_even_if_the_service_would_not_read_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles.publish(tmp_path)
    (tmp_path / "credit/1/report/report.html").write_text("forged")
    assert main(["check", "--models", str(tmp_path)]) == 1
    assert "credit:1 is refused: report/report.html must have the SHA-256" in capsys.readouterr().out


def test_an_empty_folder_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--models", str(tmp_path)]) == 1
    assert "no model was found in this folder" in capsys.readouterr().out


def test_the_graph_of_the_configured_precision_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles.publish(tmp_path, variants={"fp16": bundles.graph("binary", rounded=True), "int8": b"nonsense"})
    for precision, code in (("fp32", 0), ("fp16", 0), ("int8", 1)):
        monkeypatch.setenv("SLIPWAY_PRECISION", precision)
        assert main(["check", "--models", str(tmp_path)]) == code
        assert f"precision  {precision}\n" in capsys.readouterr().out
