"""`slipway recommend`: the endpoint's ranking, from files, as CSV."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from tests import bundles, recommender


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("shop")
    recommender.publish(models)
    bundles.publish(models, "credit")
    return models


@pytest.fixture
def recommend(shop: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*options: str, model: str = "shop") -> tuple[int, list[list[str]], str]:
        code = main(["recommend", "--models", str(shop), "--model", model, "--row", '{"hour": 11}', *options])
        out, err = capsys.readouterr()
        return code, list(csv.reader(io.StringIO(out))), err

    return run


def test_the_best_items_are_written_as_csv(recommend: Any) -> None:
    code, (header, *lines), error = recommend("--user", "ann", "--top", "3")
    assert (code, header, error) == (0, ["rank", "what", "probability"], "")
    assert [line[0] for line in lines] == ["1", "2", "3"]
    scores = [float(line[2]) for line in lines]
    assert scores == sorted(scores, reverse=True)


def test_items_and_their_features_come_from_a_file(recommend: Any, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("what,price,genre\nale,9,drink\ntea,1,drink\n", encoding="utf-8")
    _, (_, *lines), _ = recommend("--user", "ann", "--items", str(tmp_path / "new.csv"))
    assert {line[1] for line in lines} == {"ale", "tea"}


def test_items_of_the_user_are_excluded_and_those_of_others_are_not(recommend: Any, tmp_path: Path) -> None:
    (tmp_path / "had.csv").write_text("who,what,stars\nann,gin,5\nbob,tea,1\n", encoding="utf-8")
    _, (_, *lines), _ = recommend("--user", "ann", "--exclude", str(tmp_path / "had.csv"))
    assert {line[1] for line in lines} == {"tea", "rye", "jam"}


def test_without_a_user_column_all_items_of_the_file_are_excluded(recommend: Any, tmp_path: Path) -> None:
    (tmp_path / "sold_out.csv").write_text("what\ngin\ntea\n", encoding="utf-8")
    _, (_, *lines), _ = recommend("--user", "ann", "--exclude", str(tmp_path / "sold_out.csv"))
    assert {line[1] for line in lines} == {"rye", "jam"}


def test_a_new_user_causes_a_warning(recommend: Any) -> None:
    code, lines, error = recommend("--user", "eve")
    assert (code, len(lines)) == (0, 5)
    assert "'eve' is no user that training knows" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--user", "ann", "--row", "{}"), "hour: is required"),
        (("--user", "ann", "--row", "[]"), "--row must be a JSON object"),
        (("--user", "ann", "--row", "{"), "--row must be a JSON object"),
        ((), "who: is required"),
        (("--user", "ann", "--top", "1001"), "top: must be from 1 to 1000"),
    ],
)
def test_invalid_options_are_reported_without_output(recommend: Any, options: tuple[str, ...], message: str) -> None:
    code, lines, error = recommend(*options)
    assert (code, lines) == (2, [])
    assert message in error


def test_a_file_without_an_item_column_is_refused(recommend: Any, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text(f"name\n{json.dumps('x')}\n", encoding="utf-8")
    code, _, error = recommend("--user", "ann", "--items", str(tmp_path / "other.csv"))
    assert code == 2
    assert "a column 'what' is needed" in error


def test_a_model_without_items_cannot_rank(recommend: Any) -> None:
    code, _, error = recommend("--user", "ann", model="credit")
    assert code == 2
    assert "it has no item feature" in error
