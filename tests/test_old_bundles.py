"""Bundles that an older version published are still served, and answered as that version answered them."""

import csv
import hashlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from app.bundle import store
from app.bundle.preprocessor import Preprocessor
from app.settings import Settings
from tests.server import running

FIXTURES = Path(__file__).parent / "fixtures"
BUNDLES, ANSWERS = FIXTURES / "bundles_0_1", FIXTURES / "bundles_0_1_answers"
RECORDED: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(ANSWERS.iterdir())
}
REQUESTS = [
    pytest.param(request, id=f"{name}: {request['title']}")
    for name, recorded in RECORDED.items()
    for request in recorded["requests"]
]
CPU = ("CPUExecutionProvider",)
TOLERANCE = 1e-6
"""Largest difference allowed, as a share of an answer's largest number or of 1, whichever is larger.

Processors of other kinds round the last bits differently, and a small number that is the difference of large ones
keeps their rounding.
"""
EXACT = os.environ.get("SLIPWAY_EXACT_ANSWERS") == "1"
"""True where each byte of an answer counts, as it may on the kind of machine that recorded them."""


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a service with the old bundles."""
    with running(Settings(models_dir=BUNDLES, providers=CPU)) as client:
        yield client


def test_every_old_bundle_is_loaded_and_none_is_refused(client: httpx.Client) -> None:
    answer = client.get("/health")
    health = answer.json()
    assert answer.status_code == 200
    assert health["rejected"] == []
    assert {model["name"]: model["version"] for model in health["models"]} == dict.fromkeys(RECORDED, 1)


@pytest.mark.parametrize("recorded", REQUESTS)
def test_a_recorded_request_gets_the_recorded_answer(client: httpx.Client, recorded: dict[str, Any]) -> None:
    answer = client.post(recorded["path"], content=recorded["body"].encode(), headers=recorded["headers"])
    accepted = recorded["headers"]["Accept"]
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (recorded["status"], accepted)
    if EXACT:
        assert answer.text == recorded["answer"]
    else:
        expected = parsed(recorded["answer"], accepted)
        assert_alike(parsed(answer.text, accepted), expected, TOLERANCE * max(1.0, *map(abs, floats(expected))))


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_an_old_variant_is_loaded_and_holds_its_golden_answers(precision: Literal["fp16", "int8"]) -> None:
    with running(Settings(models_dir=BUNDLES, providers=CPU, precision=precision)) as client:
        models = client.get("/health").json()["models"]
    assert [(model["name"], model["precision"]) for model in models] == [("loans", precision)]


@pytest.mark.parametrize("name", RECORDED)
def test_every_file_of_an_old_bundle_is_as_it_was_published(name: str) -> None:
    assert store.verify(BUNDLES, name, 1).manifest.name == name


@pytest.mark.parametrize("name", RECORDED)
def test_the_rows_of_an_old_bundle_become_the_same_tensors_bit_for_bit(name: str) -> None:
    bundle = store.read(BUNDLES, name, 1)
    preprocessor = Preprocessor(bundle.manifest.features, bundle.normalization)
    recorded = RECORDED[name]["tensors"]
    tensors = preprocessor.normalize(preprocessor.vectorize(preprocessor.columns(recorded["rows"])))
    found = {tensor: hashlib.sha256(block.tobytes()).hexdigest() for tensor, block in tensors.items()}
    assert found == recorded["sha256"]


def parsed(text: str, media_type: str) -> Any:
    """The answer as lists, objects and cells; what a CSV writes as a number is one."""
    if media_type == "text/csv":
        return [list(map(number_or_text, line)) for line in csv.reader(text.splitlines(keepends=True))]
    return json.loads(text)


def number_or_text(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def floats(value: Any) -> Iterator[float]:
    """Those of an answer, wherever they stand in it."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from floats(part)


def assert_alike(found: Any, recorded: Any, tolerance: float, where: str = "answer") -> None:
    """Assert that structure and order of keys are the same, and all values but floats, which may differ slightly."""
    assert type(found) is type(recorded), where
    if isinstance(recorded, dict):
        assert list(found) == list(recorded), where
        for key, value in recorded.items():
            assert_alike(found[key], value, tolerance, f"{where}.{key}")
    elif isinstance(recorded, list):
        assert len(found) == len(recorded), where
        for position, value in enumerate(recorded):
            assert_alike(found[position], value, tolerance, f"{where}[{position}]")
    elif isinstance(recorded, float):
        assert math.isclose(found, recorded, rel_tol=0, abs_tol=tolerance), (where, found, recorded)
    else:
        assert found == recorded, where
