"""One set of rules for delimited text, in files and in requests."""

import io
from pathlib import Path

import pytest

from app.bundle.tables.delimited import RowError, find_name_problem, parse_rows
from app.bundle.tables.errors import TableError
from app.bundle.tables.reader import open_table


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,b\n1, "x, y"\n', [["a", "b"], ["1", "x, y"]]),
        ("\na,b\n\n1,2\n  \n", [["a", "b"], ["1", "2"]]),
        ('a\n""\n \n', [["a"], [""], [""]]),
    ],
    ids=["quotes", "blank-lines", "one-column"],
)
def test_rows_are_lists_of_text_without_blank_lines(text: str, rows: list[list[str]]) -> None:
    assert list(parse_rows(io.StringIO(text, newline=""), ",")) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", r"row 1 \(counted from 0, line 3\) must have 2 cells as the header has, received 1"),
        ('a,b\n1,"2\n', r"row 0 \(counted from 0, line 2\) is malformed, a quote may be unclosed"),
    ],
)
def test_a_file_tells_the_rule_that_the_parser_tells_and_its_path(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RowError, match=message):
        list(parse_rows(io.StringIO(text, newline=""), ","))
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=rf"data.csv: {message}"):
        open_table(path)


def test_the_first_column_without_a_name_of_its_own_is_told() -> None:
    assert find_name_problem(["a", "b"]) is None
    nameless, repeated = find_name_problem(["a", ""]), find_name_problem(["a", "b", "a", ""])
    assert nameless is not None
    assert repeated is not None
    assert (nameless.position, nameless.first) == (2, None)
    assert (repeated.position, repeated.name, repeated.first) == (3, "a", 1)
