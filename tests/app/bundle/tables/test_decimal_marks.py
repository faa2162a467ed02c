"""The decimal mark of each column, by its own cells or by those of others."""

from pathlib import Path

import pytest

from app.bundle.tables.columns import number_column
from app.bundle.tables.reader import open_table


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("a;b\n3,14;x\n1,500;y\n", [3.14, 1.5]),
        ("a;b\n1.234,5;x\n1.234;y\n", [1234.5, 1234.0]),
        ("a;b\n1,500;2,5\n2,250;7,25\n", [1.5, 2.25]),
        ("a;b\n1,500;2.5\n2,250;7.25\n", [1500.0, 2250.0]),
        ('a,b\n"1,500",x\n"2,250",y\n', [1500.0, 2250.0]),
        ('a,b\n"3,14",x\n"1,500",y\n', [3.14, 1.5]),
        ("a;b\n1.500;x\n2.250;y\n", [1.5, 2.25]),
        ("a;b\n1,500;x\n2,250;y\n", [None, None]),
        ("a;b\n1,5;x\n2.5;y\n", [None, 2.5]),
    ],
    ids=["own", "grouped", "as-others", "as-others-dot", "csv", "csv-own", "dot", "unclear", "contradicting"],
)
def test_decimal_mark_is_decided_by_column(tmp_path: Path, content: str, values: list[float | None]) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content, encoding="utf-8")
    file = open_table(path)
    numbers, wrong = number_column(file.read()["a"], file.decimal_marks.get("a", "."))
    assert numbers.to_list() == values
    assert wrong.to_list() == [value is None for value in values]
