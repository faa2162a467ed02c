"""Rows that are steps become rows that are cases."""

from pathlib import Path
from typing import Any

import pytest

from app.bundle.tables.errors import TableError
from app.bundle.tables.long_format import gather
from app.bundle.tables.reader import open_table

STEPS = """run,t,heat,site,note,bad
b,2,30,north,x,yes
a,10,1.5,south,,no
b,1,20,north,x,yes
a,9,,south,y,no
a,2,0.5,south,y,no
"""


def gathered(path: Path, text: str = STEPS, order: str | None = "t", **options: Any) -> Any:
    data = path / "steps.csv"
    data.write_text(text, encoding="utf-8")
    return gather(open_table(data), "run", order, **options)


def test_an_id_is_a_row_and_what_changes_in_it_a_series_in_order(tmp_path: Path) -> None:
    table = gathered(tmp_path)
    assert (table.n_rows, table.columns) == (2, ("run", "heat", "site", "note", "bad"))
    assert table.read().to_dicts() == [
        {"run": "b", "heat": [20.0, 30.0], "site": "north", "note": "x", "bad": "yes"},
        {"run": "a", "heat": [0.5, 1.5], "site": "south", "note": "y", "bad": "no"},
    ]


def test_without_an_order_the_file_s_is_taken(tmp_path: Path) -> None:
    assert gathered(tmp_path, order=None, ignored=["t"]).read()["heat"].to_list() == [[30.0, 20.0], [1.5, 0.5]]


def test_dates_order_too(tmp_path: Path) -> None:
    text = "run,t,x\na,2024-10-01,1\na,2024-09-30,2\na,2024-12-24,3\n"
    assert gathered(tmp_path, text).read()["x"].to_list() == [[2.0, 1.0, 3.0]]


def test_what_is_to_be_a_series_is_one_also_where_it_does_not_change(tmp_path: Path) -> None:
    text = "run,t,x\na,1,5\na,2,5\nb,1,6\nc,1,\n"
    assert gathered(tmp_path, text, series=["x"]).read()["x"].to_list() == [[5.0, 5.0], [6.0], None]


def test_a_piece_holds_no_more_rows_than_are_asked_for(tmp_path: Path) -> None:
    assert [piece.height for piece in gathered(tmp_path).batches(1)] == [1, 1]


@pytest.mark.parametrize(
    ("text", "options", "rule"),
    [
        ("run,t,x\na,1,p\na,2,q\n", {}, r"column 'x' differs within 'run' 'a'; only numbers make a series"),
        ("run,t,x\na,1,1\na,2,2\n", {"single": ["x"]}, r"column 'x' differs within 'run' 'a'"),
        ("run,t,x\na,1,1\na,2,2\n", {"series": []}, r"column 'x' differs within 'run' 'a'"),
        ("run,t,x\na,1,p\n", {"series": ["x"]}, r"column 'x' must hold only numbers"),
        ("run,t,x\na,1,1\n,2,2\n", {}, r"column 'run', row 1 \(counted from 0\): a value is needed"),
        ("run,t,x\na,,1\na,2,2\n", {}, r"column 't', row 0 \(counted from 0\): a value is needed"),
        ("run,x\na,1\na,2\n", {}, r"long: there is no column 't'"),
    ],
)
def test_what_cannot_be_gathered_is_refused_by_name(
    tmp_path: Path, text: str, options: dict[str, Any], rule: str
) -> None:
    with pytest.raises(TableError, match=rule):
        gathered(tmp_path, text, **options)
