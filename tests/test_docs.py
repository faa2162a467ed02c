"""Every setting, metric, error code, command and key of the configuration is documented."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from app.drift.gauges import Gauges
from app.errors import SlipwayError
from app.settings import Settings
from app.telemetry.metrics import Metrics
from training.config import ColumnConfig, Config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVING = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
TRAINING = (ROOT / "docs/training.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_readme_with_its_default_and_description(name: str) -> None:
    field = Settings.model_fields[name]
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    shown = "" if default is None else f"`{default}`"
    assert f"| `SLIPWAY_{name.upper()}` | {shown} | {field.description} |" in README


def test_every_metric_is_documented_with_its_labels() -> None:
    for family in (*Metrics().collect(), *Gauges({}).collect()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"| `{name}` |" in SERVING


@pytest.mark.parametrize("error", [*SlipwayError.__subclasses__(), SlipwayError])
def test_every_error_is_documented_with_its_status(error: type[SlipwayError]) -> None:
    assert f"| {error.status} | `{error.code}` |" in SERVING


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from keys(annotation, f"{prefix}{name}.")
        elif name != "columns":
            yield f"{prefix}{name}"


@pytest.mark.parametrize("key", [*keys(Config), *keys(ColumnConfig, "columns.NAME.")])
def test_every_key_of_the_configuration_is_documented(key: str) -> None:
    assert f"| `{key}` |" in TRAINING


@pytest.mark.parametrize(("module", "document"), [("app", README), ("training", TRAINING)])
def test_every_command_and_option_is_documented(module: str, document: str) -> None:
    everything = document + README
    for command in commands(module):
        assert f"python -m {module} {command}" in everything
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", usage(module, command)):
            assert option == "--help" or option in everything, (command, option)


def commands(module: str) -> list[str]:
    listed = re.findall(r"^    ([a-z]+) ", usage(module), re.MULTILINE)
    assert listed
    return listed


def usage(module: str, *command: str) -> str:
    command_line = [sys.executable, "-m", module, *command, "--help"]
    return subprocess.run(command_line, check=True, capture_output=True, text=True).stdout


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_leads_to_a_file() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), (document.name, link)
