"""Columns of a data file as typed cells."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.tables.columns import category_column, number_column
from app.bundle.tables.errors import TableError


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1", 1.0),
        ("-2.5e3", -2500.0),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("−5", -5.0),
        ("$1,234.50", 1234.5),
        ("-$5", -5.0),
        ("5 €", 5.0),
        ("5 %", 5.0),
        ("1 234", 1234.0),
        ("1\u00a0234\u202f567", 1234567.0),
        ("1'234.5", 1234.5),
        ("12,345,678", 12345678.0),
    ],
)
def test_finds_the_number_in_text(cell: str, number: float) -> None:
    numbers, wrong = number_column(pl.Series([cell]))
    assert (numbers[0], wrong[0]) == (number, False)


@pytest.mark.parametrize(
    "cell", ["abc", "1,23", "1,2345", "12 34", "1e999", "inf", "5 kg", "1.2.3", "--5", "1_000", "３"]
)
def test_text_that_is_no_number_is_masked(cell: str) -> None:
    numbers, wrong = number_column(pl.Series([cell]))
    assert (numbers[0], wrong[0]) == (None, True)


@pytest.mark.parametrize("cell", [None, "NA", "n/a", "NaN", "NULL", "?", "#N/A", "-"])
def test_no_number_and_not_wrong_where_a_cell_is_blank(cell: str | None) -> None:
    numbers, wrong = number_column(pl.Series([cell], dtype=pl.String))
    assert (numbers[0], wrong[0]) == (None, False)


def test_typed_numbers_keep_their_value_nan_is_missing_infinity_wrong() -> None:
    numbers, wrong = number_column(pl.Series([1.5, float("nan"), None, float("inf")]))
    assert numbers.to_list() == [1.5, None, None, None]
    assert wrong.to_list() == [False, False, False, True]


def test_booleans_are_no_numbers() -> None:
    assert number_column(pl.Series([True, None]))[1].to_list() == [True, False]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_written_reads_back_exactly(number: float) -> None:
    assert number_column(pl.Series([repr(number)]))[0][0] == number


@pytest.mark.parametrize(
    ("series", "texts"),
    [
        (pl.Series([1, None]), ["1", None]),
        (pl.Series([1.0, 2.5, float("nan")]), ["1", "2.5", None]),
        (pl.Series([True, False]), ["true", "false"]),
        (pl.Series(["True", "FALSE", "None"]), ["true", "false", "None"]),
        (pl.Series(["1.0", "01"]), ["1.0", "01"]),
        (pl.Series(["a", None], dtype=pl.Categorical), ["a", None]),
    ],
)
def test_categories_have_one_canonical_text(series: pl.Series, texts: list[str | None]) -> None:
    assert category_column(series) == texts


def test_lists_are_no_categories() -> None:
    with pytest.raises(TableError, match="column 'a': cells of type List"):
        category_column(pl.Series("a", [[1]]))
