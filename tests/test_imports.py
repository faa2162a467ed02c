"""Which room may import which, and what the service may and may not pull in.

The rule for each room stands in the table of docs/architecture.md, which the first tests hold the tree to.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
PACKAGES = ("app", "training", "slipway")
TABLE_ROW = re.compile(r"^\| `((?:app|training|slipway)/[\w./]*)` \|(.*)\|$", re.MULTILINE)


@cache
def allowed() -> dict[str, frozenset[str]]:
    """Return the rooms that each room may import, as docs/architecture.md says."""
    text = (ROOT / "docs/architecture.md").read_text()
    return {room: frozenset(re.findall(r"`([\w./]+)`", others)) for room, others in TABLE_ROW.findall(text)}


@cache
def imports() -> dict[str, dict[str, set[str]]]:
    """Return, by room and imported room, the imports that cross, as `module -> module`."""
    crossing: dict[str, dict[str, set[str]]] = {}
    for package in PACKAGES:
        for source in sorted((ROOT / package).rglob("*.py")):
            room = room_of(source)
            arrows = crossing.setdefault(room, {})
            for target in imported_files(source):
                if room_of(target) != room:
                    arrows.setdefault(room_of(target), set()).add(f"{shown(source)} -> {shown(target)}")
    return crossing


def room_of(source: Path) -> str:
    """Return the room of a module: its folder below the package, or the module itself where it lies in no folder."""
    package, *rest = source.relative_to(ROOT).parts
    return f"{package}/{rest[0]}"


def inner_room_of(module: Path) -> str:
    """Return the folder of app/bundle that a module lies in, or the module itself where it lies in none."""
    return module.relative_to(APP / "bundle").parts[0]


def imported_files(source: Path) -> Iterator[Path]:
    """Yield the files of this project that a module imports, wherever in the module the import stands."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [file_of(name) or file_of(node.module) for name in names]
        elif isinstance(node, ast.Import):
            modules = [file_of(alias.name) for alias in node.names]
        else:
            continue
        yield from (module for module in modules if module is not None)


def file_of(name: str) -> Path | None:
    """Return the file of a dotted module name, None where it is not one of this project's modules."""
    if name.partition(".")[0] not in PACKAGES:
        return None
    path = ROOT / name.replace(".", "/")
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.exists()), None)


def shown(source: Path) -> str:
    return source.relative_to(ROOT).as_posix()


def test_every_room_has_a_rule() -> None:
    assert allowed().keys() == {room for room in imports() if not room.endswith("__init__.py")}


@pytest.mark.parametrize("room", sorted(allowed()))
def test_a_room_imports_only_what_its_rule_names(room: str) -> None:
    forbidden = {other: arrows for other, arrows in imports()[room].items() if other not in allowed()[room]}
    assert not forbidden


def test_no_two_rooms_import_each_other() -> None:
    """Neither the rules nor the imports form a circle: the sorter raises CycleError where they do."""
    tuple(TopologicalSorter(allowed()).static_order())
    tuple(TopologicalSorter({room: set(others) for room, others in imports().items()}).static_order())


def test_no_two_modules_import_each_other() -> None:
    modules = [source for package in PACKAGES for source in (ROOT / package).rglob("*.py")]
    graph = {
        shown(module): {shown(target) for target in imported_files(module)} - {shown(module)} for module in modules
    }
    tuple(TopologicalSorter(graph).static_order())


def test_no_two_rooms_of_the_contract_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for module in (APP / "bundle").rglob("*.py"):
        room = inner_room_of(module)
        graph.setdefault(room, set()).update(inner_room_of(target) for target in imported_files(module))
        graph[room].discard(room)
    tuple(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(("package", "most"), [("app", 14), ("training", 12)])
def test_few_modules_lie_outside_the_rooms(package: str, most: int) -> None:
    assert len(list((ROOT / package).glob("*.py"))) <= most


def test_nothing_imports_the_front_door() -> None:
    importers = [room for room, others in imports().items() if any(other.startswith("slipway/") for other in others)]
    assert all(room.startswith("slipway/") for room in importers)


def test_training_imports_the_contract_alone_and_serving_nothing_of_training() -> None:
    for room, others in imports().items():
        if room.startswith("training/"):
            assert {other for other in others if other.startswith("app/")} <= {"app/bundle"}
        if room.startswith("app/"):
            assert not any(other.startswith("training/") for other in others)


@cache
def imported(code: str) -> frozenset[str]:
    """The modules that a fresh process knows after this code."""
    program = f"import sys; {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        *("pyarrow", "tensorflow", "keras", "training", "polars", "onnx", "sklearn", "matplotlib", "PIL", "pickle5"),
        "pydantic.v1",  # FastAPI imports it for each parameter of a route: a tenth of a start
    ],
)
def test_serving_does_not_import(module: str) -> None:
    """A fresh process that makes the application knows nothing of training, nor of what no request needs."""
    found = imported("import app.main; app.main.create_app()")
    assert "app.main" in found
    assert module not in found


@pytest.mark.parametrize("module", ["fastapi", "starlette", "opentelemetry", "prometheus_client"])
def test_the_first_prediction_waits_for_no_web_framework(module: str) -> None:
    found = imported("import app.commands.serve, app.lazy_app, app.state, app.server.protocol")
    assert "app.server.protocol" in found
    assert module not in found


def test_the_service_reads_no_format_that_can_hold_code() -> None:
    for source in APP.rglob("*.py"):
        found = re.search(r"\b(pickle|joblib|cloudpickle|marshal|shelve|yaml\.load|eval|exec)\b\(?", source.read_text())
        assert found is None, f"{source}: {found}"


def test_only_the_session_imports_onnxruntime() -> None:
    importers = [
        one.parent
        for one in APP.rglob("*.py")
        if re.search(r"^\s*(import|from) onnxruntime", one.read_text(), re.MULTILINE)
    ]
    assert set(importers) == {APP / "session"}


def test_batching_knows_no_model() -> None:
    sources = set((APP / "batching").glob("*.py"))
    assert {"batcher.py", "costs.py", "policy.py"} <= {source.name for source in sources}
    for source in sources:
        assert own_imports(source) <= {"app.errors", "app.batching.policy"}


def test_the_session_imports_the_bundle_alone() -> None:
    for source in (APP / "session").glob("*.py"):
        rooms = {".".join(module.split(".")[:2]) for module in own_imports(source)}
        assert rooms <= {"app.bundle", "app.session"}


def test_a_worker_is_given_its_application_and_imports_none() -> None:
    """A worker reads connections and knows models; the routes and what puts the application together are above it."""
    modules = imported("import app.workers.worker")
    assert "app.server.protocol" in modules
    assert not {module for module in modules if module.startswith(("app.api", "app.main", "app.state", "fastapi"))}


def own_imports(source: Path) -> set[str]:
    """Return the modules of this project that a module imports, wherever in it the import stands."""
    return set(re.findall(r"^\s*(?:from|import) (app[\w.]*)", source.read_text(), re.MULTILINE))
