"""A run's name, its folder and its provenance."""

from pathlib import Path
from typing import Any

import pytest

from tests.training.tables import make_splits
from training.config import Config
from training.errors import InputError
from training.job import Job, file_sha256, model_name


def job(**options: Any) -> Job:
    given: dict[str, Any] = {
        "data": Path("private/loans.csv"),
        "target": "status",
        "name": "loans",
        "models": Path("models"),
        "runs": Path("runs"),
        "config": Config(),
    }
    return Job(**given | options)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("loans.csv", "loans"),
        ("Loans 2024 (final).csv.gz", "loans-2024-final"),
        ("_private.parquet", "private"),
        ("müll.csv", "m-ll"),
        ("a" * 100 + ".csv", "a" * 64),
    ],
)
def test_the_name_defaults_to_the_file_s(file: str, name: str) -> None:
    assert model_name(None, Path("folder") / file) == name


@pytest.mark.parametrize("name", ["Loans", "../loans", "", "loans\n", "a" * 65])
def test_a_name_that_cannot_be_served_is_bad_input(name: str) -> None:
    with pytest.raises(InputError, match="--name must match"):
        model_name(name, Path("loans.csv"))


def test_a_file_without_a_usable_name_asks_for_one() -> None:
    with pytest.raises(InputError, match="--name must match"):
        model_name(None, Path("数据.csv"))


def test_the_folder_is_that_of_data_target_and_configuration() -> None:
    folder = job().folder("a" * 64)
    assert folder.parent == Path("runs/loans")
    assert job(data=Path("elsewhere/copy.csv")).folder("a" * 64) == folder
    others = [
        job().folder("b" * 64),
        job(target="other").folder("a" * 64),
        job(config=Config(seed=1)).folder("a" * 64),
        job(config=Config.model_validate({"fit": {"epochs": 3}})).folder("a" * 64),
    ]
    assert len({folder, *others}) == 5


def test_another_decision_budget_or_validation_has_the_same_folder() -> None:
    content = {"decision": {"optimize": "f1"}, "search": {"budget": "10m"}, "validation": {"folds": 5}}
    assert job(config=Config.model_validate(content)).folder("a" * 64) == job().folder("a" * 64)


def test_what_is_told_after_the_fit_needs_no_other_fit() -> None:
    told = {"segments": ["sex"], "card": {"contact": "risk"}}
    assert job(config=Config.model_validate(told)).folder("a" * 64) == job().folder("a" * 64)


def test_the_provenance_keeps_the_file_s_name_and_not_its_folder() -> None:
    provenance = job().provenance("a" * 64, make_splits())
    assert provenance.data_file == "loans.csv"
    assert provenance.rows == {"train": 160, "validation": 20, "test": 20}
    assert Config.model_validate(provenance.config) == Config()
    assert provenance.versions.keys() >= {"tensorflow", "onnxruntime"}


def test_the_digest_is_the_file_s_sha256(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(b"abc")
    assert file_sha256(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
