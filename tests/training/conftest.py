"""One real run of the command, for the tests that look at what it told and published."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.training.tables import write_csv
from training.__main__ import main


@dataclass(frozen=True, slots=True)
class Run:
    """What the command was given, told and left."""

    data: Path
    models: Path
    output: str


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A binary model `loans`, version 1; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    data = write_csv(folder / "loans.csv", "binary")
    return Run(data, folder / "models", run(command(data, folder / "models", folder / "runs", "--segment", "home")))


def command(data: Path, models: Path, work_dir: Path, *options: str) -> list[str]:
    """The arguments of a short run."""
    folders = ["--models", str(models), "--work-dir", str(work_dir)]
    return ["fit", str(data), "--target", "answer", "--epochs", "3", *folders, *options]


def run(arguments: list[str]) -> str:
    """What the command tells, run in this process."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert main(arguments) == 0
    return output.getvalue()


def settings(folder: Path, *export: str) -> list[str]:
    """The option of a configuration without explanations, which are nearly half of a short run, and with these lines
    of its table `export`.
    """
    config = folder / "settings.toml"
    config.write_text("\n".join(["[export]", "explanation = false", *export]), encoding="utf-8")
    return ["--config", str(config)]
