"""Columns of booleans as files hold them."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.bundle.tables.reader import open_table
from training.config import Config
from training.data.cleaning import clean
from training.data.table import Table
from training.errors import InputError

N = 40


def table(folder: Path, cells: list[Any], **settings: Any) -> Table:
    frame = pl.DataFrame({"x": cells, "n": np.random.default_rng(0).normal(size=N), "y": ["good", "bad"] * (N // 2)})
    frame.write_csv(folder / "data.csv")
    return clean(
        open_table(folder / "data.csv"), "y", Config.model_validate({"columns": {"x": settings}} if settings else {})
    )


def test_texts_of_true_and_false_in_any_case_are_booleans(tmp_path: Path) -> None:
    found = table(tmp_path, ["TRUE", "false", "True", None] * (N // 4))
    assert (found.features[0].kind, found.features[0].nullable) == ("boolean", True)
    assert found.columns["x"] == [True, False, True, None] * (N // 4)


@pytest.mark.parametrize(("cells", "kind"), [(["yes", "no"], "category"), (["0", "1"], "number")])
def test_other_pairs_are_booleans_only_where_a_person_says_so(tmp_path: Path, cells: list[str], kind: str) -> None:
    assert table(tmp_path, cells * (N // 2)).features[0].kind == kind
    declared = table(tmp_path, cells * (N // 2), kind="boolean")
    assert declared.features[0].kind == "boolean"
    assert set(declared.columns["x"]) == {True, False}


def test_a_stray_cell_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"column 'x', row 1 .*: a boolean is needed .*received 'maybe'"):
        table(tmp_path, ["yes", "maybe", *["no"] * (N - 2)], kind="boolean")


def test_text_that_was_said_to_be_missing_is_missing_at_serving_too(tmp_path: Path) -> None:
    found = table(tmp_path, ["true", "unknown"] * (N // 2), missing_values=["unknown"])
    assert found.features[0].missing_values == ("unknown",)
    assert found.columns["x"][1] is None
