"""Everything that CONTRIBUTING.md names exists, its recipes work, and the hooks run the commands of the Makefile."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import bundles

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CODE = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", CONTRIBUTING)
EXAMPLES = re.findall(r"^```python\n(.*?)^```", CONTRIBUTING, re.MULTILINE | re.DOTALL)

PROGRAM = """
import sys
from pathlib import Path

import orjson
from fastapi import APIRouter, Response

from app.api.dependencies import ServedModelDependency
from app.errors import SlipwayError
from app.settings import Settings
from tests import server

{examples}
create_app = server.create_app


def extended(settings):
    app = create_app(settings)
    app.include_router(router)
    return app


server.create_app = extended
with server.running(Settings(models_dir=Path(sys.argv[1]))) as client:
    labels, refusal = (client.get(f"/models/{{name}}/labels") for name in ("colour", "price"))
    assert labels.json() == ["red", "green", "blue"], labels.text
    assert refusal.status_code == NoLabels.status
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert refusal.json()["code"] == NoLabels.code
    assert "/models/{{name}}/labels" in client.get("/openapi.json").json()["paths"]
    assert 'route="/models/{{name}}/labels"' in client.get("/metrics").text
"""


def test_every_path_exists() -> None:
    paths = [code.partition("::")[0] for code in CODE if re.fullmatch(r"[\w.-]+/[\w./:-]*|[\w-]+\.(md|toml)", code)]
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_every_link_leads_to_a_file(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / document).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_named_test_exists() -> None:
    named = [code.split("::") for code in CODE if "::" in code]
    assert named
    for path, name in named:
        functions = [node.name for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body if is_test(node)]
        assert name in functions


def is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md", "docs/performance.md"])
def test_every_make_target_exists_and_is_explained(document: str) -> None:
    targets = re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    helped = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert set(targets) <= set(helped)


def test_every_tool_is_installed() -> None:
    tools = set(re.findall(r"\.venv/bin/([\w-]+)", CONTRIBUTING))
    assert tools
    assert [tool for tool in tools if not Path(sys.prefix, "bin", tool).exists()] == []


def test_the_examples_of_an_error_and_a_route_work(tmp_path: Path) -> None:
    """In a process of its own, since a further error would be one too many for the tests that count them."""
    bundles.publish(tmp_path, "colour", "multiclass")
    bundles.publish(tmp_path, "price", "regression")
    program = PROGRAM.format(examples="\n\n".join(EXAMPLES))
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], check=False, cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_hooks_run_what_make_test_runs() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"^ +entry: (.+)$", hooks, re.MULTILINE)
    assert re.search(r"^test: lint types suite\b", MAKEFILE, re.MULTILINE)
    assert entries == [*recipe("lint"), *recipe("types"), "make suite"]
    assert re.findall(r"^ +language: (.+)$", hooks, re.MULTILINE) == ["system"] * len(entries)


def recipe(target: str) -> list[str]:
    commands = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert commands is not None
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in commands[1].splitlines()]
