"""Every module says where its tests are, and every docstring says something."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "training", "slipway")
RIDDLE = re.compile(r'^.*"""(?:Of|What|As|That|Who|Whether) .*$', re.MULTILINE)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def modules(package: str) -> list[Path]:
    """Return the modules of a package, without the files that only describe a folder."""
    return [source for source in sorted((ROOT / package).rglob("*.py")) if len(ast.parse(source.read_text()).body) > 1]


def mirror(module: Path) -> Path:
    """Return the test file that stands where the module does: `test_main.py` for `__main__.py`."""
    return ROOT / "tests" / module.parent.relative_to(ROOT) / f"test_{module.stem.strip('_')}.py"


def named_tests(docstring: str) -> list[str]:
    """Return the test files that the last paragraph of a docstring names, if that paragraph begins with `Tests:`."""
    last = docstring.rsplit("\n\n", maxsplit=1)[-1]
    return re.findall(r"\btests/[\w/]+\.py\b", last) if last.startswith("Tests: ") else []


def docstrings(node: Documented, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted name and the docstring of all that is public in a module."""
    docstring = ast.get_docstring(node)
    if docstring is not None:
        yield name, docstring
    for child in node.body:
        if isinstance(child, Documented) and not child.name.startswith("_") and not isinstance(node, ast.FunctionDef):
            yield from docstrings(child, f"{name}.{child.name}")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_has_a_test_file_of_its_own_or_names_those_that_cover_it(package: str) -> None:
    without = [
        str(module.relative_to(ROOT))
        for module in modules(package)
        if not mirror(module).exists() and not named_tests(ast.get_docstring(ast.parse(module.read_text())) or "")
    ]
    assert not without


@pytest.mark.parametrize("package", PACKAGES)
def test_the_tests_that_a_module_names_exist(package: str) -> None:
    missing = {
        str(module.relative_to(ROOT)): test
        for module in modules(package)
        for test in named_tests(ast.get_docstring(ast.parse(module.read_text())) or "")
        if not (ROOT / test).exists()
    }
    assert not missing


@pytest.mark.parametrize("package", PACKAGES)
def test_a_test_file_that_mirrors_no_module_says_what_it_holds(package: str) -> None:
    mirrors = {mirror(module) for module in modules(package)}
    silent = [
        str(test.relative_to(ROOT))
        for test in sorted((ROOT / "tests" / package).rglob("test_*.py"))
        if test not in mirrors and ast.get_docstring(ast.parse(test.read_text())) is None
    ]
    assert not silent


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_docstring_has_at_least_four_words(package: str) -> None:
    short = [
        f"{source.relative_to(ROOT)}{name}: {docstring}"
        for source in sorted((ROOT / package).rglob("*.py"))
        for name, docstring in docstrings(ast.parse(source.read_text()))
        if len(docstring.split()) < 4
    ]
    assert not short


@pytest.mark.parametrize("package", PACKAGES)
def test_no_docstring_begins_with_a_word_that_makes_a_riddle_of_it(package: str) -> None:
    riddles = [
        f"{source.relative_to(ROOT)}: {line.strip()}"
        for source in sorted((ROOT / package).rglob("*.py"))
        for line in RIDDLE.findall(source.read_text())
    ]
    assert not riddles
