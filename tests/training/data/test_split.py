"""Which rows are trained on, which are looked at, and which judge."""

import itertools
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.tables.reader import open_table
from app.bundle.transforms.number import NumberFeature
from training.config import Config
from training.data.cleaning import clean
from training.data.split import split_rows
from training.data.table import Splits, Table
from training.errors import InputError


def make_table(
    target: Sequence[int] | Sequence[float],
    split_column: Sequence[str | None] | None = None,
    time_column: Sequence[Any] | None = None,
) -> Table:
    n_labels = len(set(target)) if all(isinstance(one, int) for one in target) else 0
    return Table(
        features=(NumberFeature(name="x", nullable=False),),
        columns={"x": [float(row) for row in range(len(target))]},
        target_name="y",
        target=np.array(target),
        task="binary" if n_labels == 2 else "multiclass" if n_labels else "regression",
        labels=tuple(str(label) for label in range(n_labels)) if n_labels else None,
        row_ids=np.arange(len(target)) + 100,
        findings=(),
        split_column=split_column,
        time_column=time_column,
    )


def config(**split_settings: Any) -> Config:
    return Config.model_validate({"split": split_settings})


def parts(splits: Splits) -> list[list[int]]:
    return [splits.train.tolist(), splits.validation.tolist(), splits.test.tolist()]


@given(
    counts=st.lists(st.integers(3, 40), min_size=2, max_size=5),
    validation=st.floats(0.01, 0.49),
    test=st.floats(0.01, 0.49),
    seed=st.integers(0, 99),
)
def test_splits_are_disjoint_complete_sorted_and_hold_every_label(
    counts: list[int], validation: float, test: float, seed: int
) -> None:
    target = [label for label, count in enumerate(counts) for _ in range(count)]
    splits = split_rows(make_table(target), Config(seed=seed, split={"validation": validation, "test": test}))
    assert sorted(itertools.chain(*parts(splits))) == list(range(len(target)))
    for part in parts(splits):
        assert part == sorted(part)
        assert {target[position] for position in part} == set(range(len(counts)))


def test_each_split_has_the_labels_in_the_table_s_proportion() -> None:
    target = [0] * 700 + [1] * 300
    splits = split_rows(make_table(target), config(validation=0.1, test=0.2))
    for part, size in ((splits.train, 700), (splits.validation, 100), (splits.test, 200)):
        assert len(part) == size
        assert np.array(target)[part].mean() == 0.3


def test_the_seed_decides_the_rows() -> None:
    table = make_table([0, 1] * 50)
    assert parts(split_rows(table, Config(seed=1))) == parts(split_rows(table, Config(seed=1)))
    assert parts(split_rows(table, Config(seed=1))) != parts(split_rows(table, Config(seed=2)))


def test_a_regression_is_split_by_shares() -> None:
    splits = split_rows(make_table([0.5 + row for row in range(100)]), config(validation=0.2, test=0.1))
    assert [len(part) for part in parts(splits)] == [70, 20, 10]


def test_no_row_is_in_two_splits_in_different_copies(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x,y\n" + "".join(f"{row % 50}.5,{'ab'[row % 2]}\n" for row in range(500)))
    table = clean(open_table(path), "y", Config())
    seen = [
        {(table.columns["x"][position], table.target[position]) for position in part}
        for part in parts(split_rows(table, Config()))
    ]
    assert len(seen[0] | seen[1] | seen[2]) == sum(len(one) for one in seen) == 50


def test_a_split_column_is_honoured() -> None:
    cells = ["test", "train", "validation", "train", "train", "test"]
    assert parts(split_rows(make_table([0, 1, 0, 0, 1, 1], split_column=cells), config(column="s"))) == [
        [1, 3, 4],
        [2],
        [0, 5],
    ]


@pytest.mark.parametrize("given_part", ["validation", "test"])
def test_what_a_split_column_does_not_name_is_drawn_from_its_train_rows(given_part: str) -> None:
    cells = ["train"] * 80 + [given_part] * 20
    splits = split_rows(make_table([0, 1] * 50, split_column=cells), config(column="s", validation=0.25, test=0.25))
    given_rows, drawn = splits.validation, splits.test
    if given_part == "test":
        given_rows, drawn = drawn, given_rows
    assert given_rows.tolist() == list(range(80, 100))
    assert len(drawn) == 20
    assert set(drawn.tolist()) | set(splits.train.tolist()) == set(range(80))


@pytest.mark.parametrize("cell", ["dev", None, "Train"])
def test_an_unknown_split_is_refused_with_its_row(cell: str | None) -> None:
    table = make_table([0, 1, 0, 1], split_column=["train", "train", cell, "test"])
    with pytest.raises(InputError, match=rf"column 's', row 102 .* received {cell!r}"):
        split_rows(table, config(column="s"))


@pytest.mark.parametrize(
    "times",
    [
        ["2024-03-01", "2024-01-01", "2024-02-01", "2023-12-31", "2024-02-15"],
        ["2024-03-01T10:00:00+02:00", "2024-01-01", "2024-02-01T00:00:00Z", "2023-12-31 23:59", "2024-02-15"],
        [date(2024, 3, 1), date(2024, 1, 1), date(2024, 2, 1), date(2023, 12, 31), date(2024, 2, 15)],
        [10, 2, 3, 1, 4],
        ["10", "2", "3", "1", "4"],
    ],
    ids=["dates", "zones", "typed", "numbers", "text"],
)
def test_by_time_the_newest_rows_are_the_test_and_those_before_the_validation(times: Sequence[Any]) -> None:
    table = make_table([0, 0, 1, 1, 1], time_column=times)
    assert parts(split_rows(table, config(time="t", validation=0.2, test=0.2))) == [[1, 2, 3], [4], [0]]


@pytest.mark.parametrize("cell", [None, "soon", "31.12.2024", "7", "nan"])
def test_a_time_that_cannot_be_read_is_refused_with_its_row(cell: str | None) -> None:
    table = make_table([0, 1, 0, 1], time_column=["2024-01-01", "2024-01-02", cell, "2024-01-03"])
    with pytest.raises(InputError, match=rf"column 't', row 102 .* received {cell!r}"):
        split_rows(table, config(time="t"))


def test_rows_of_which_train_lacks_a_label_are_refused() -> None:
    table = make_table([0, 0, 0, 1, 1], time_column=[1, 2, 3, 4, 5])
    with pytest.raises(InputError, match="the train rows need every label of 'y', they lack '1'"):
        split_rows(table, config(time="t", validation=0.2, test=0.2))


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(InputError, match="each split needs a row"):
        split_rows(make_table([0, 1, 1], split_column=["test", "test", "validation"]), config(column="s"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation": 0.5, "test": 0.5}, "must leave rows to train on, received shares of 1"),
        ({"column": "s", "time": "t"}, "either column or time can be set"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(settings: dict[str, Any], message: str) -> None:
    table = make_table([0, 1] * 3, split_column=["train"] * 6, time_column=range(6))
    if "column" not in settings:
        table = make_table([0, 1] * 3)
    with pytest.raises(InputError, match=message):
        split_rows(table, config(**settings))


@pytest.mark.parametrize(("n_rows", "held_out"), [(100, 15), (4_000, 500), (20_000, 2_000)])
def test_what_is_held_out_is_as_much_as_judging_needs(n_rows: int, held_out: int) -> None:
    splits = split_rows(make_table([float(row) for row in range(n_rows)]), Config())
    assert (len(splits.validation), len(splits.test)) == (held_out, held_out)


def test_a_configured_share_goes_before_the_usual_one() -> None:
    config = Config.model_validate({"split": {"test": 0.3}})
    splits = split_rows(make_table([float(row) for row in range(100)]), config)
    assert (len(splits.validation), len(splits.test)) == (15, 30)
