"""From a file on disk to a cleaned, typed table."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.bundle.preprocessor import Preprocessor, fit
from app.bundle.request_rows import request_rows
from app.bundle.tables.reader import open_table
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.number import NumberFeature
from training.config import Config
from training.data.cleaning import clean
from training.data.table import Finding, Table
from training.errors import InputError


def clean_columns(folder: Path, columns: Mapping[str, Any], target: str = "y", config: Config | None = None) -> Table:
    """The table of a CSV file of the columns."""
    path = folder / "data.csv"
    pl.DataFrame(columns, strict=False).write_csv(path)
    return clean(open_table(path), target, config or Config())


def config(**settings: Any) -> Config:
    return Config.model_validate(settings)


def finding(table: Table, column: str | None) -> Finding:
    (found,) = (one for one in table.findings if one.column == column)
    return found


def noise(count: int, seed: int = 0) -> list[float]:
    values: list[float] = np.random.default_rng(seed).normal(size=count).round(6).tolist()
    return values


def labels(count: int, share: float = 0.3) -> list[str]:
    return ["bad" if draw < share else "good" for draw in np.random.default_rng(1).random(count)]


def distinct(low: int, high: int) -> list[int]:
    """Whole numbers in random order, (nearly) none of them twice."""
    values: list[int] = np.random.default_rng(3).integers(low, high, N).tolist()
    return values


N = 400


LOANS = """age,home,income,requested,status
30,rent,129,800,good
58,rent,131,1000,good
46,owner,,2000,bad
24,rent,182,900,good
26,,107,310,bad
36,owner,214,650,good
44,owner,125,1600,bad
27,parents,80,200,good
"""


def test_a_small_sample_of_loans_is_typed_with_its_gaps(tmp_path: Path) -> None:
    path = tmp_path / "loans.csv"
    path.write_text(LOANS)
    table = clean(open_table(path), "status", Config())
    assert table.features == (
        NumberFeature(name="age", nullable=False, example=36),
        CategoryFeature(name="home", nullable=True, example="owner"),
        NumberFeature(name="income", nullable=True, example=129),
        NumberFeature(name="requested", nullable=False, example=900),
    )
    assert np.isnan(table.columns["income"]).tolist() == [False, False, True] + [False] * 5
    assert table.columns["home"][4] is None
    assert (table.task, table.labels) == ("binary", ("good", "bad"))
    assert table.target.tolist() == [0, 0, 1, 0, 1, 0, 1, 0]
    assert table.findings == ()


def test_training_and_scoring_read_one_cell_alike(tmp_path: Path) -> None:
    """The tensors of the cleaned table are those of the same file's rows read for scoring."""
    path = tmp_path / "data.csv"
    cells = ['"1.234,5"', '"3,14"', "NA", "-999", "-999", "-999", "", "7", "8", "€ 9", "12", "13"]
    homes = ["rent", "N/A", "TRUE", " own ", "", "none", "rent", "rent", "rent", "own", "own", "no"]
    lines = [f"{cell};{home};{'ab'[row % 2]}" for row, (cell, home) in enumerate(zip(cells, homes, strict=True))]
    path.write_text("amount;home;y\n" + "\n".join(lines) + "\n")
    file = open_table(path)
    table = clean(file, "y", config(columns={"amount": {"missing_values": [-999]}}))
    preprocessor = Preprocessor(table.features, fit(table.features, table.columns))
    trained = preprocessor.normalize(preprocessor.vectorize(table.columns))
    scored_rows = [row for batch in file.batches(5) for row in request_rows(batch, table.features, file.decimal_marks)]
    scored = preprocessor.normalize(
        preprocessor.vectorize(preprocessor.columns([scored_rows[i] for i in table.row_ids]))
    )
    assert len(table.row_ids) == len(cells)
    for kind, tensor in trained.items():
        np.testing.assert_array_equal(tensor, scored[kind])


def test_exact_duplicates_are_left_out_and_the_first_stays(tmp_path: Path) -> None:
    table = clean_columns(tmp_path, {"x": [1, 2, 1, 3, 4, 5, 6], "y": list("abaabab")})
    assert table.row_ids.tolist() == [0, 1, 3, 4, 5, 6]
    assert (finding(table, None).problem, finding(table, None).count) == ("exact duplicates of earlier rows", 1)


def test_cases_that_look_alike_in_a_coarse_table_are_kept(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    columns = {"x": draw.integers(0, 4, 500), "z": draw.choice(list("pq"), 500), "y": draw.choice(list("ab"), 500)}
    table = clean_columns(tmp_path, columns)
    assert len(table.row_ids) == 500
    assert (finding(table, None).action, finding(table, None).count) == ("kept", 484)


def test_a_file_that_was_appended_to_itself_is_halved(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    once = {"x": draw.normal(size=200).tolist(), "y": draw.choice(list("ab"), 200).tolist()}
    table = clean_columns(tmp_path, {name: cells * 2 for name, cells in once.items()})
    assert table.row_ids.tolist() == list(range(200))


def test_a_row_repeated_in_another_split_is_a_duplicate(tmp_path: Path) -> None:
    columns = {"x": [1, 2, 1, 3, 4, 5, 6], "s": ["train"] * 2 + ["test"] * 5, "y": list("abaabab")}
    table = clean_columns(tmp_path, columns, config=config(split={"column": "s"}))
    assert table.row_ids.tolist() == [0, 1, 3, 4, 5, 6]
    assert table.split_column == ["train"] * 2 + ["test"] * 4
    assert [feature.name for feature in table.features] == ["x"]


@pytest.mark.parametrize("blank", [None, "", "NA", "null", "?"])
def test_rows_without_target_are_left_out(tmp_path: Path, blank: str | None) -> None:
    table = clean_columns(tmp_path, {"x": range(7), "y": ["a", "a", "a", "b", "b", "b", blank]})
    assert table.row_ids.tolist() == list(range(6))
    assert finding(table, "y") == Finding("y", "rows without target", "rows left out", 1)


def test_none_is_a_label_and_a_category(tmp_path: Path) -> None:
    table = clean_columns(tmp_path, {"x": ["none", "no"] * 4, "z": range(8), "y": ["none"] * 4 + ["some"] * 4})
    assert table.labels == ("none", "some")
    assert table.columns["x"] == ["none", "no"] * 4


@pytest.mark.parametrize(
    ("name", "cells", "problem"),
    [
        ("x", ["same"] * N, "constant: every cell is 'same'"),
        ("x", [7] * N, "constant: every cell is 7.0"),
        ("x", [None] * N, "empty"),
        ("x", [1, 2] + [None] * (N - 2), "nearly empty: 2 cells hold a value"),
        ("x", list(range(1000, 1000 + N)), "identifies rows"),
        ("x", distinct(10**9, 10**10), "identifies rows"),
        ("customer_id", distinct(0, 10**8), "identifies rows"),
        ("customerId", distinct(0, 10**8), "identifies rows"),
        ("x", [f"u-{index:05d}" for index in range(N)], "identifies rows"),
        ("x", [f"00{index}" for index in range(N)], "identifies rows"),
    ],
)
def test_a_column_of_no_use_is_left_out_and_reported(
    tmp_path: Path, name: str, cells: Sequence[Any], problem: str
) -> None:
    table = clean_columns(tmp_path, {"good": noise(N), name: cells, "y": labels(N)})
    assert [feature.name for feature in table.features] == ["good"]
    assert finding(table, name).problem.startswith(problem)
    assert finding(table, name).action == "left out"


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("paid", noise(N), "number"),
        ("x", [index % 3 for index in range(N)], "number"),
        ("salary", distinct(900, 900_000), "number"),
        ("x", ["yes"] * 5 + [None] * (N - 10) + ["yes"] * 5, "category"),
        ("zip", [f"0{index % 40}" for index in range(N)], "category"),
        ("term", [f"{index % 4} months" for index in range(N)], "category"),
        ("x", [f"town {index % 100}" for index in range(N)], "category"),
        ("x", [True, False] * (N // 2), "boolean"),
        ("x", [f"2024-01-{index % 28 + 1:02d}" for index in range(N)], "date"),
        ("x", [f"{index % 28 + 1}/3/2024 12:30" for index in range(N)], "date"),
        ("x", [f"a letter about matter {index}" for index in range(N)], "text"),
        ("x", [f"w{index % 300}" for index in range(N)], "text"),
        ("x", [f"关于事情的第{index}封信件" for index in range(N)], "text"),
    ],
    ids=[
        *("floats", "few-integers", "salaries", "flag", "codes", "units", "towns", "booleans", "days", "times"),
        *("sentences", "words", "unspaced-sentences"),
    ],
)
def test_an_honest_column_is_kept(tmp_path: Path, name: str, cells: Sequence[Any], kind: str) -> None:
    table = clean_columns(tmp_path, {name: cells, "row": noise(N), "y": labels(N)})
    assert table.features[0].kind == kind
    assert table.findings == ()


def test_booleans_are_a_kind_and_labels_true_and_false(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [True, False, None] * 4, "n": noise(12), "y": [True, False] * 6})
    frame.write_parquet(tmp_path / "data.parquet")
    table = clean(open_table(tmp_path / "data.parquet"), "y", Config())
    assert table.columns["x"] == [True, False, None] * 4
    assert table.labels == ("false", "true")


def test_parquet_columns_of_other_types_are_left_out(tmp_path: Path) -> None:
    frame = pl.DataFrame({"list": [["a"]] * 6, "n": noise(6), "y": list("ababab")}).with_columns(
        hour=pl.time(pl.int_range(1, 7))
    )
    frame.write_parquet(tmp_path / "data.parquet")
    table = clean(open_table(tmp_path / "data.parquet"), "y", Config())
    assert [feature.name for feature in table.features] == ["n"]
    assert finding(table, "list").problem.startswith("cells of type List")
    assert finding(table, "hour").problem.startswith("times of day")


def test_numbers_hidden_in_text_are_read_and_reported(tmp_path: Path) -> None:
    table = clean_columns(tmp_path, {"x": ["$1,200", "15%", "3", "4", "5", "6"], "y": list("ababab")})
    assert list(table.columns["x"]) == [1200, 15, 3, 4, 5, 6]
    assert finding(table, "x") == Finding("x", "numbers hidden in text, such as '$1,200'", "read as numbers", 2)


def test_a_few_broken_cells_of_many_numbers_are_missing_and_few_mixed_codes_are_categories(tmp_path: Path) -> None:
    columns = {"x": [*noise(98), "1.2.3", "12a"], "code": [*["4", "5", "6"] * 33, "4a"], "y": labels(100)}
    table = clean_columns(tmp_path, columns)
    assert [feature.kind for feature in table.features] == ["number", "category"]
    assert finding(table, "x").count == 2


def test_a_decimal_comma_is_reported(tmp_path: Path) -> None:
    table = clean_columns(tmp_path, {"x": ["1,5", "2,25", "3", "4", "5", "6"], "y": list("ababab")})
    assert finding(table, "x") == Finding("x", "numbers with a decimal comma, such as '1,5'", "read as numbers", 2)


def test_a_little_text_among_numbers_is_missing_and_reported(tmp_path: Path) -> None:
    table = clean_columns(tmp_path, {"x": [*noise(98), "unknown", "none"], "y": labels(100)})
    assert np.isnan(table.columns["x"]).sum() == 2
    assert table.features[0].nullable
    assert finding(table, "x").problem == "cells that are not numbers, such as 'unknown'"


@pytest.mark.parametrize("blank", ["NA", "N/A", "NaN", "null", "NULL", "?", "#N/A", "-"])
def test_text_for_a_missing_category_becomes_its_missing_value(tmp_path: Path, blank: str) -> None:
    table = clean_columns(tmp_path, {"x": ["a", "b", blank] * 4, "n": noise(12), "y": ["a", "b", "b", "a"] * 3})
    assert table.features[0] == CategoryFeature(name="x", nullable=True, missing_values=(blank,), example="a")
    assert table.columns["x"] == ["a", "b", None] * 4


@pytest.mark.parametrize(
    ("rest", "sentinel"),
    [
        (range(18, 90), -999),
        (range(18, 90), 999),
        (range(100, 5000, 50), 99999999),
        ([0.1 * value for value in range(50)], -99),
        (range(100, 900), 1e9),
        (range(100, 900), 2147483647),
    ],
)
def test_a_repeated_number_far_outside_is_a_missing_value(tmp_path: Path, rest: Sequence[float], sentinel: int) -> None:
    values = [*rest, *rest, sentinel, sentinel, sentinel]
    table = clean_columns(tmp_path, {"x": values, "row": noise(len(values)), "y": labels(len(values))})
    feature = table.features[0]
    assert isinstance(feature, NumberFeature)
    assert (feature.missing_values, feature.nullable) == ((float(sentinel),), True)
    assert np.isnan(table.columns["x"]).sum() == 3
    assert finding(table, "x").count == 3


@pytest.mark.parametrize(
    "values",
    [
        [*range(0, 950, 10), 999, 999, 999],
        [*range(0, 950, 10), 9999],
        [*range(100), *range(50), 5000, 5000, 5000],
        [*range(-1200, 900, 20), -999, -999, -999],
        [*range(20, 98), 99, 99, 99],
    ],
    ids=["near", "once", "round", "within", "two-digits"],
)
def test_a_number_that_may_be_meant_is_kept(tmp_path: Path, values: Sequence[float]) -> None:
    table = clean_columns(tmp_path, {"x": values, "row": noise(len(values)), "y": labels(len(values))})
    assert list(table.columns["x"]) == values
    assert table.findings == ()


def test_isolated_zeros_among_measurements_are_reported_and_kept(tmp_path: Path) -> None:
    values = [5 + 0.5 * value for value in noise(N)]
    values[3] = values[40] = 0
    table = clean_columns(tmp_path, {"x": values, "row": noise(N, 1), "y": labels(N)})
    assert np.equal(table.columns["x"], 0).sum() == 2
    assert finding(table, "x").count == 2


LEAKS: dict[str, Callable[[list[str], list[float]], list[Any]]] = {
    "copy": lambda y, _: [{"good": "G", "bad": "B"}[one] for one in y],
    "score": lambda y, z: [value * 0.1 + (one == "bad") * 5 for one, value in zip(y, z, strict=True)],
    "only-when-bad": lambda y, z: [value if one == "bad" else None for one, value in zip(y, z, strict=True)],
    "interval": lambda y, z: [abs(value) + 9 if one == "bad" else value * 2 for one, value in zip(y, z, strict=True)],
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_column_that_gives_the_label_away_is_left_out_with_evidence(tmp_path: Path, leak: str) -> None:
    y = labels(600)
    table = clean_columns(tmp_path, {"x": LEAKS[leak](y, noise(600, 2)), "good": noise(600), "y": y})
    assert [feature.name for feature in table.features] == ["good"]
    assert finding(table, "x").problem == "leaks the target: alone it determines the target in 600 of 600 rows"


@pytest.mark.parametrize("wrong", [0.015, 0.1])
def test_a_good_honest_predictor_is_kept(tmp_path: Path, wrong: float) -> None:
    draw = np.random.default_rng(5)
    y = labels(2000, 0.5)
    other = {"good": "bad", "bad": "good"}
    predictor = [other[one] if draw.random() < wrong else one for one in y]
    number = [(one == "bad") * 5 + value for one, value in zip(predictor, noise(2000, 7), strict=True)]
    table = clean_columns(tmp_path, {"text": predictor, "number": number, "y": y})
    assert [feature.name for feature in table.features] == ["text", "number"]


def test_a_perfect_predictor_of_few_rows_is_kept(tmp_path: Path) -> None:
    y = ["bad"] * 40 + ["good"] * 400
    table = clean_columns(tmp_path, {"x": [one[0] for one in y], "n": noise(440), "y": y})
    assert [feature.name for feature in table.features] == ["x", "n"]


def test_a_copy_of_a_number_is_left_out_and_its_honest_cause_kept(tmp_path: Path) -> None:
    cause = noise(1000)
    y = [100 + 20 * value + other for value, other in zip(cause, noise(1000, 3), strict=True)]
    copy = [value * 0.9 + 3 for value in y]
    table = clean_columns(tmp_path, {"cause": cause, "copy": copy, "y": y})
    assert table.task == "regression"
    assert [feature.name for feature in table.features] == ["cause"]
    assert "of the target's variance" in finding(table, "copy").problem


def test_a_configured_kind_keeps_a_column(tmp_path: Path) -> None:
    y = labels(600)
    settings = config(columns={"leak": {"kind": "category"}, "id": {"kind": "number"}})
    table = clean_columns(tmp_path, {"leak": y, "id": range(600), "y": y}, config=settings)
    assert [(feature.name, feature.kind) for feature in table.features] == [("leak", "category"), ("id", "number")]


def test_a_configured_column_is_typed_described_and_bounded(tmp_path: Path) -> None:
    settings = config(
        columns={
            "x": {"kind": "category", "description": "a code", "missing_values": [9]},
            "n": {"minimum": 0, "maximum": 10, "missing_values": [-1]},
            "z": {"kind": "ignore"},
        }
    )
    columns = {"x": [1, 2, 9] * 4, "n": [-1, 5, 10, 0] * 3, "z": [1, 2] * 6, "y": ["a", "b", "a"] * 4}
    table = clean_columns(tmp_path, columns, config=settings)
    assert table.features == (
        CategoryFeature(name="x", description="a code", nullable=True, missing_values=("9",), example="1"),
        NumberFeature(name="n", nullable=True, missing_values=(-1,), minimum=0, maximum=10, example=5),
    )
    assert finding(table, "z").problem == "ignored by the configuration"


def test_declared_missing_values_replace_the_search_for_them(tmp_path: Path) -> None:
    settings = config(columns={"x": {"missing_values": []}})
    table = clean_columns(tmp_path, {"x": ["NA", "SA", "EU"] * 4, "n": noise(12), "y": list("ab") * 6}, config=settings)
    assert table.columns["x"] == ["NA", "SA", "EU"] * 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": {"y": {"kind": "category"}}}, "column 'y' is target, not a feature"),
        ({"columns": {"z": {"kind": "number"}}}, r"no column 'z', which \[columns\] names"),
        ({"split": {"time": "z"}}, "no column 'z', which split.time names"),
        ({"split": {"column": "y"}}, "'y' is the target and cannot decide the split"),
        ({"columns": {"x": {"kind": "number"}}}, r"column 'x', row 2 .* a number is needed, received 'c'"),
        ({"columns": {"n": {"minimum": 1}}}, r"column 'n', row 0 .* at least 1, received 0"),
        ({"columns": {"n": {"maximum": 4}}}, r"column 'n', row 5 .* at most 4, received 5"),
        ({"positive": "c"}, "positive must be one of the target's labels, received 'c'; .*'a', 'b'"),
        ({"task": "regression"}, r"column 'y', row 0 .* must be a number, received 'a'"),
    ],
)
def test_a_configuration_that_the_data_break_is_refused(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    columns = {"x": ["1", "2", "c", "4", "5", "6"], "n": range(6), "y": list("ababab")}
    with pytest.raises(InputError, match=f"data.csv: .*{message}"):
        clean_columns(tmp_path, columns, config=config(**settings))


def test_an_unknown_target_is_refused_with_its_near_matches(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data.csv: there is no column 'Statsu', .*columns: 'status'$"):
        clean_columns(tmp_path, {"x": [1], "status": ["a"]}, target="Statsu")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a"] * 6, "two labels are needed, every row is 'a'"),
        ([None] * 6, "column 'y': the target is missing in every row"),
        (["NA"] * 6, "column 'y': the target is missing in every row"),
        (list("abcdef"), "each label needs 3 different rows, .*6 of 6 labels have fewer: 'a', 'b'"),
        (list("aaaabb"), "1 of 2 labels have fewer: 'b'"),
        ([*range(100), "oops"], r"column 'y', row 100 .* must be a number, received 'oops'"),
        ([1.5] * 6, "the target must vary, every row holds 1.5"),
        ([1.5, 2.5] + [None] * 4, "a row is needed for each of three splits, received 2"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(tmp_path: Path, y: Sequence[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        clean_columns(tmp_path, {"x": range(len(y)), "y": [None if one is None else str(one) for one in y]})


def test_a_table_without_a_useful_column_is_refused_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column is left to learn 'y' from: 'x' constant"):
        clean_columns(tmp_path, {"x": [1] * 40, "s": [f"k{index}" for index in range(40)], "y": ["a", "b"] * 20})


@pytest.mark.parametrize(
    ("y", "settings", "task", "names"),
    [
        ([1, 2, 10] * 4, {}, "multiclass", ("1", "2", "10")),
        (["x2", "x10", "x1"] * 4, {}, "multiclass", ("x1", "x10", "x2")),
        ([0, 1, 1] * 4, {}, "binary", ("0", "1")),
        (["yes", "no", "yes"] * 4, {}, "binary", ("no", "yes")),
        (["good", "bad", "good"] * 4, {}, "binary", ("good", "bad")),
        (["good", "bad", "good"] * 4, {"positive": "good"}, "binary", ("bad", "good")),
        (["True", "False", "True"] * 4, {}, "binary", ("false", "true")),
        ([0.5, 1, 2] * 4, {}, "regression", None),
        ([1, 2, 10] * 4, {"task": "regression"}, "regression", None),
        ([1, 2, 2, 1, 1] * 4, {}, "binary", ("1", "2")),
        ([-1, 1, 1] * 4, {}, "binary", ("-1", "1")),
        ([2, 4, 4] * 4, {}, "binary", ("4", "2")),
    ],
)
def test_task_and_label_order(
    tmp_path: Path, y: Sequence[Any], settings: dict[str, Any], task: str, names: tuple[str, ...] | None
) -> None:
    table = clean_columns(tmp_path, {"x": noise(len(y)), "y": [str(one) for one in y]}, config=config(**settings))
    assert (table.task, table.labels) == (task, names)
    if names:
        assert [names[index] for index in table.target] == [str(one).replace("T", "t").replace("F", "f") for one in y]
    else:
        assert table.target.tolist() == y


def test_integers_of_many_values_are_a_regression(tmp_path: Path) -> None:
    assert clean_columns(tmp_path, {"x": noise(60), "y": [index % 21 for index in range(60)]}).task == "regression"


def test_segments_keep_the_cells_of_columns_that_are_no_features(tmp_path: Path) -> None:
    columns = {"x": noise(N), "sex": ["f", "m"] * (N // 2), "one": ["same"] * N, "y": labels(N)}
    settings = config(segments=["sex", "one", "x"], columns={"sex": {"kind": "ignore"}})
    table = clean_columns(tmp_path, columns, config=settings)
    assert [one.name for one in table.features] == ["x"]
    assert list(table.segments) == ["sex", "one", "x"]
    assert table.segments["sex"] == ["f", "m"] * (N // 2)
    assert table.segments["x"] == columns["x"]


def test_a_segment_has_a_cell_for_each_row_that_is_kept(tmp_path: Path) -> None:
    sex = [f"group {row % 7}" for row in range(N)]
    columns = {"x": noise(N), "sex": sex, "y": [None, *labels(N - 1)]}
    table = clean_columns(tmp_path, columns, config=config(segments=["sex"]))
    assert table.segments["sex"] == sex[1:]


def test_a_segment_that_is_no_column_is_told_with_the_columns_there_are(tmp_path: Path) -> None:
    message = r"data.csv: there is no column 'gender', which segments names; columns: 'x', 'sex', 'y'"
    with pytest.raises(InputError, match=message):
        clean_columns(
            tmp_path, {"x": noise(N), "sex": ["f", "m"] * (N // 2), "y": labels(N)}, config=config(segments=["gender"])
        )


def test_the_target_makes_no_segments(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column 'y' is the target; segments need another column"):
        clean_columns(tmp_path, {"x": noise(N), "y": labels(N)}, config=config(segments=["y"]))
