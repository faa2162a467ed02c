"""The kinds of features are named in three rooms and their registries, and nowhere else."""

import ast
from pathlib import Path

import pytest

from app.bundle.transforms import TRANSFORMS
from training.data.kinds import KINDS

ROOT = Path(__file__).parents[1]
ROOMS = ("app/bundle/transforms", "training/data/kinds", "training/network/encoders")
ALLOWED = {
    "app/__main__.py": "the option --user of `recommend`",
    "app/api/openapi.py": "types of JSON Schema",
    "app/api/openapi_recommend.py": "types of JSON Schema, and keys of a ranking's request and answer",
    "app/api/recommend.py": "a key of a ranking's answer",
    "app/commands/recommend.py": "the roles of users and items in a ranking",
    "app/models/ranker.py": "the roles of users and items in a ranking",
    "training/__main__.py": "the options --user and --item",
    "training/data/target.py": "the role of items: their integers are ratings, not labels",
    "training/evaluation/verdict.py": "the role of users, whose items are ranked",
    "training/search/space.py": "which options of the network matter to which kind",
}
"""The files that may name a kind, and what the name means there."""


def named_kinds(source: Path) -> set[str]:
    """Return the kinds that are string constants of a module."""
    constants = (node.value for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Constant))
    return {constant for constant in constants if isinstance(constant, str) and constant in TRANSFORMS}


def test_no_other_file_names_a_kind() -> None:
    sources = {
        source.relative_to(ROOT).as_posix(): source
        for half in ("app", "training")
        for source in (ROOT / half).rglob("*.py")
        if not source.relative_to(ROOT).as_posix().startswith(ROOMS)
    }
    assert {name for name, source in sources.items() if named_kinds(source)} == set(ALLOWED)


@pytest.mark.parametrize("room", ROOMS)
def test_a_kind_is_one_file_of_each_room(room: str) -> None:
    names = {path.stem: named_kinds(path) for path in (ROOT / room).glob("*.py")}
    files = {kind: [stem for stem, kinds in names.items() if kind in kinds] for kind in TRANSFORMS}
    expected = {kind: ["ids"] if kind in ("user", "item") else [kind] for kind in TRANSFORMS}
    assert files == expected


def test_the_registries_hold_the_same_kinds() -> None:
    assert KINDS.keys() == TRANSFORMS.keys()
    assert all("_" not in kind for kind in TRANSFORMS)
