"""Every setting, metric, error code, command and key of the configuration is documented."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import app.__main__ as app
import training.__main__ as training
from app.drift.gauges import DriftCollector
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
    cell = "" if default is None else f"`{default}`"
    assert f"| `SLIPWAY_{name.upper()}` | {cell} | {field.description} |" in README


def test_every_metric_is_documented_with_its_labels() -> None:
    for family in (*Metrics().collect(), *DriftCollector({}).collect()):
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


@pytest.mark.parametrize("name", [*app.commands.commands, *training.commands.commands])
def test_every_command_and_option_is_documented(name: str) -> None:
    command = {**app.commands.commands, **training.commands.commands}[name]
    everything = README + SERVING + TRAINING
    assert f"slipway {name}" in everything
    for option in (option for parameter in command.params for option in parameter.opts if option.startswith("--")):
        assert re.search(rf"`{option}\b|(?<= ){option}\b", everything), (name, option)


def test_the_long_form_of_the_command_is_told() -> None:
    assert "`python -m app serve`" in README
    assert "`python -m training fit`" in README


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_each_shell_is_told(shell: str) -> None:
    assert f"_SLIPWAY_COMPLETE={shell}_source slipway" in README


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_leads_to_a_file() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), (document.name, link)


def test_every_link_to_a_heading_leads_to_one() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text(encoding="utf-8")):
            target = document.parent / link if link else document
            assert anchor in anchors(target.read_text(encoding="utf-8")), (document.name, link, anchor)


def anchors(text: str) -> set[str]:
    """Return the anchors that hosts of Git repositories make of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
