import numpy as np
import pytest

from training.formats import compact, fixed, percent, prose, rounded, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12.0, "12"),
        (0.012346, "0.01235"),
        (-3.5, "−3.5"),
        (1234567.0, "1,234,567"),
        (99999.96, "100,000"),
        (1e-7, "1e-07"),
        (2.5e13, "2.5e+13"),
        (None, "—"),
    ],
)
def test_numbers_are_written_to_four_digits_without_needless_zeros(value: float | None, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.85949, "0.859"), (-1e-9, "0.000"), (-0.25, "−0.250"), (1143.8, "1,144"), (None, "—")]
)
def test_metrics_have_three_decimals_and_no_negative_zero(value: float | None, text: str) -> None:
    assert fixed(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.00001, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.997, "99.7 %"), (0.5, "50 %")],
)
def test_a_share_is_nothing_or_all_only_where_it_is_exactly_so(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.2049, "0.20"), (0.00739, "0.007"), (-0.5, "−0.50"), (0.0, "0.00"), (1234.5, "1,234")]
)
def test_an_interval_s_end_has_few_digits(value: float, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (float("nan"), "—"),
        (1234.5, "1,234"),
        (True, "True"),
        ("a\n b", "a b"),
        (b"123", "3 bytes"),
        ("x" * 100, "x" * 79 + "…"),
        (np.array([1.0, 2.0]), "[1. 2.]"),
    ],
)
def test_a_cell_of_any_kind_is_a_line(value: object, text: str) -> None:
    assert shown(value) == text


def test_prose_keeps_its_paragraphs_and_no_markup() -> None:
    assert prose("one\ntwo\n\n- three") == "one two\n\n\\- three"
