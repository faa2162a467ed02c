"""Series: standardized, padded and cut, channels side by side, with their lengths beside them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.transforms.series import (
    LENGTH,
    MAX_STEPS,
    SeriesFeature,
    SeriesStatistics,
    SeriesTransform,
    read_series,
)

LEFT = SeriesFeature(name="left", nullable=True, missing_values=("lost",))
RIGHT = SeriesFeature(name="right", nullable=False)
FITTED = SeriesStatistics(mean=2, standard_deviation=2, minimum=0, maximum=4, shortest=1, longest=3)
LONGER = FITTED.model_copy(update={"longest": 4})
BOTH = SeriesTransform([LEFT, RIGHT], [FITTED, LONGER])

cells = st.none() | st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9)


def read(cell: Any) -> Any:
    return None if cell is None else read_series(cell)


def tensors(transform: SeriesTransform, *columns: list[Any]) -> dict[str, Any]:
    return transform.normalize(transform.vectorize([[read(cell) for cell in column] for column in columns]))


def test_statistics_are_those_of_all_numbers_and_of_the_lengths() -> None:
    fitted = SeriesTransform.fit(LEFT, [[1.0, 3.0], None, [5.0], [7.0, 9.0, 11.0]])
    assert fitted.mean == 6
    assert fitted.standard_deviation == pytest.approx(np.std([1, 3, 5, 7, 9, 11]))
    assert (fitted.minimum, fitted.maximum, fitted.shortest, fitted.longest) == (1, 11, 1, 3)


def test_one_series_of_another_length_does_not_pad_all_others() -> None:
    assert SeriesTransform.fit(LEFT, [*([[1.0] * 10] * 999), [1.0] * 1000]).longest == 20


def test_a_column_without_a_series_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="'left' needs at least one series"):
        SeriesTransform.fit(LEFT, [None])


def test_equal_and_huge_numbers_have_finite_statistics() -> None:
    assert SeriesTransform.fit(LEFT, [[0.1] * 3]).standard_deviation == 1
    assert np.isfinite(SeriesTransform.fit(LEFT, [[1e308, -1e308]]).standard_deviation)


def test_numbers_are_standardized_padded_with_zeros_and_cut_each_channel_by_itself() -> None:
    found = tensors(BOTH, [[4, 2, 0, 9], None], [[4], [0, 0, 0, 0]])
    assert found["series"][0].T.tolist() == [[1, 0, -1, 0], [1, 0, 0, 0]]
    assert found["series"][1].T.tolist() == [[0, 0, 0, 0], [-1, -1, -1, -1]]
    assert found[LENGTH].tolist() == [[3, 1], [0, 4]]
    assert (found["series"].dtype, found[LENGTH].dtype) == (np.float32, np.int32)


def test_neighbours_are_averaged_where_training_saw_longer_series_than_the_graph_has_steps() -> None:
    long = FITTED.model_copy(update={"longest": 2 * MAX_STEPS})
    transform = SeriesTransform([RIGHT], [long])
    found = tensors(transform, [[4, 2, 0], [4] * 3 * MAX_STEPS])
    assert transform.tensors["series"].shape == (MAX_STEPS, 1)
    assert found["series"][0, :3, 0].tolist() == [0.5, -1, 0]
    assert found[LENGTH].tolist() == [[2], [MAX_STEPS]]
    assert (found["series"][1] == 1).all()


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ([1, 2.5], [1, 2.5]),
        ("1 2.5", [1, 2.5]),
        (" 1,2.5 , -3e-1", [1, 2.5, -0.3]),
        ("1;2;.5", [1, 2, 0.5]),
        ("[1, 2, 3.]", [1, 2, 3]),
        ("[1.  2.\n 3.]", [1, 2, 3]),
        ("7", [7]),
    ],
)
def test_a_list_and_text_with_one_separator_are_read(cell: Any, numbers: list[float]) -> None:
    assert read_series(cell).tolist() == numbers


@pytest.mark.parametrize(
    "cell",
    [
        *("", " ", "x", "1 x", "1,,2", "1,5 2,5", "nan 1", "1 inf", "1e999", "1_0 2", "١ ٢", "1 2]"),
        *([], [True], ["1"], [None], [[1.0]], [float("nan")], [float("inf")], [10**400], {}, 7, True),
    ],
)
def test_what_is_no_series_of_finite_numbers_is_refused_by_rule(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"must (be a list of finite numbers|hold at least one number)"):
        read_series(cell)


def test_hostile_text_is_judged_in_time_that_grows_with_its_length() -> None:
    for text in ("1" * 1_000_000 + "x", "1 " * 500_000 + "x", "1" + " " * 1_000_000 + "x"):
        with pytest.raises(ValueError, match="must be"):
            read_series(text)


def test_text_that_was_said_to_be_missing_is_read_as_missing() -> None:
    reader = BOTH.reader(0)
    assert reader is not None
    assert reader("lost") is None


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_any_series_give_finite_tensors_alone_as_in_a_batch(rows: list[tuple[Any, Any]]) -> None:
    batch = tensors(BOTH, *map(list, zip(*rows, strict=True)))
    for index, row in enumerate(rows):
        alone = BOTH.normalize(BOTH.vectorize_rows([[read(cell) for cell in row]]))
        for name, tensor in batch.items():
            assert np.isfinite(tensor).all()
            np.testing.assert_array_equal(alone[name][0], tensor[index])


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_ordinary_rows_are_whole_and_warn_of_nothing(rows: list[tuple[Any, Any]]) -> None:
    raw = BOTH.vectorize([[read(cell) for cell in column] for column in zip(*rows, strict=True)])
    warned = {row for row, _ in BOTH.warnings(raw, lambda *_: None)}
    missing = {index for index, row in enumerate(rows) if None in row}
    assert BOTH.ordinary(raw) == (not warned and not missing)


def test_a_series_that_is_cut_and_numbers_far_outside_are_warned_of() -> None:
    raw = BOTH.vectorize([[read([1, 2, 3, 4]), None], [read([0]), read([1, 100])]])
    (first, cut), (second, far) = BOTH.warnings(raw, lambda *_: None)
    assert (first, cut.feature, cut.rule) == (0, "left", "series_cut")
    assert cut.message == "4 numbers in 'left', of which the first 3 were read"
    assert (second, far.feature, far.rule) == (1, "right", "out_of_range")
    assert "100" in far.message


def test_what_is_watched_is_how_many_numbers_were_sent_and_the_mean_of_those_that_are_read() -> None:
    columns = [[read([1.0, 2.0, 6.0, 99.0]), None], [read([5.0]), read([1e308, 1e308])]]
    summary = BOTH.summary(BOTH.vectorize(columns))
    np.testing.assert_array_equal(summary, [[[4, 3], [1, 5]], [[np.nan, np.nan], [2, 1e308]]])
