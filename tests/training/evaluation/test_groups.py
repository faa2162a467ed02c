"""Groups are a column's values or its quarters; small ones are merged, and what is missing is told apart."""

from training.data.segments import Cells
from training.evaluation.groups import MAX_GROUPS, group_rows


def sizes(cells: Cells) -> dict[str, int]:
    return {one.name: len(one.rows) for one in group_rows(cells)}


def test_values_come_the_most_frequent_first_and_the_missing_last() -> None:
    cells: Cells = ["a"] * 20 + [None] * 30 + ["b"] * 25
    assert list(sizes(cells).items()) == [("b", 25), ("a", 20), ("missing", 30)]


def test_values_of_few_rows_are_merged() -> None:
    cells: Cells = ["a"] * 20 + ["b"] * 19 + ["c"]
    assert sizes(cells) == {"a": 20, "other (2 values)": 20}
    assert [one.is_value for one in group_rows(cells)] == [True, False]


def test_a_column_of_a_few_small_values_keeps_their_names() -> None:
    assert sizes(["a"] * 5 + ["b"] * 3) == {"a": 5, "b": 3}


def test_a_column_of_many_small_values_is_one_group() -> None:
    assert sizes([str(number) for number in range(300)]) == {"other (300 values)": 300}


def test_no_more_groups_than_a_table_can_hold() -> None:
    found = group_rows([str(number % 30) for number in range(900)])
    assert len(found) == MAX_GROUPS + 1
    assert found[-1].name == "other (10 values)"


def test_measured_numbers_are_parted_at_their_quartiles() -> None:
    cells: Cells = [float(number) for number in range(101)] + [None]
    assert sizes(cells) == {
        "up to 25": 26,
        "over 25 to 50": 25,
        "over 50 to 75": 25,
        "over 75": 25,
        "missing": 1,
    }


def test_a_number_in_most_rows_makes_fewer_parts_and_no_empty_one() -> None:
    found = sizes([*[0.0] * 300, *[float(number) for number in range(1, 21)]])
    assert found == {"up to 0": 300, "over 0": 20}


def test_a_few_different_numbers_are_values() -> None:
    assert sizes([0.0, 1.0] * 40) == {"0": 40, "1": 40}


def test_every_row_is_in_one_group() -> None:
    cells: Cells = [None, *[float(number % 37) for number in range(200)]]
    rows = sorted(row for one in group_rows(cells) for row in one.rows)
    assert rows == list(range(201))


def test_a_column_without_any_value_is_missing_alone() -> None:
    assert sizes([None, None]) == {"missing": 2}
