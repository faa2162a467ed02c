"""One real run of the command, for the tests that look at what it printed and published."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.training.tables import write_csv
from training.__main__ import main


@dataclass(frozen=True, slots=True)
class Run:
    """The paths that the command read and published, and what it printed."""

    data: Path
    models: Path
    output: str


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run that published the binary model `loans`, version 1; tests must not change its files."""
    folder = tmp_path_factory.mktemp("trained")
    data = write_csv(folder / "loans.csv", "binary")
    return Run(data, folder / "models", run(command(data, folder / "models", folder / "runs", "--segment", "home")))


def command(data: Path, models: Path, work_dir: Path, *options: str) -> list[str]:
    """Return the arguments of a short run."""
    folders = ["--models", str(models), "--work-dir", str(work_dir)]
    return ["fit", str(data), "--target", "answer", "--epochs", "3", *folders, *options]


def run(arguments: list[str]) -> str:
    """Run the command in this process and return what it printed."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert main(arguments) == 0
    return output.getvalue()


def settings(folder: Path, *export: str) -> list[str]:
    """Return the option for a configuration without explanations, and with these lines in its table `export`.

    Explanations take nearly half of a short run.
    """
    config = folder / "settings.toml"
    config.write_text("\n".join(["[export]", "explanation = false", *export]), encoding="utf-8")
    return ["--config", str(config)]
