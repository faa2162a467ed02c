import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session.buckets import Piece, batch_sizes, split


@pytest.mark.parametrize(
    ("n_rows", "pieces"),
    [
        (0, [Piece(0, 0, 1)]),
        (1, [Piece(0, 1, 1)]),
        (3, [Piece(0, 3, 4)]),
        (8, [Piece(0, 8, 8)]),
        (9, [Piece(0, 9, 10)]),
        (10, [Piece(0, 10, 10)]),
        (23, [Piece(0, 10, 10), Piece(10, 20, 10), Piece(20, 23, 4)]),
    ],
)
def test_a_batch_goes_into_the_largest_bucket_and_the_rest_into_the_smallest_that_holds_it(
    n_rows: int, pieces: list[Piece]
) -> None:
    assert list(split(n_rows, batch_sizes(10))) == pieces


@given(st.integers(0, 5000), st.integers(1, 1500))
def test_pieces_are_all_rows_in_order_and_less_than_half_of_each_is_padding(n_rows: int, cap: int) -> None:
    buckets = batch_sizes(cap)
    pieces = list(split(n_rows, buckets))
    assert [row for one in pieces for row in range(one.first, one.last)] == list(range(n_rows))
    for one in pieces:
        assert one.bucket in buckets
        assert one.last - one.first > one.bucket // 2 or n_rows == 0


@given(cap=st.integers(1, 5000))
def test_sizes_ascend_from_one_to_the_cap(cap: int) -> None:
    sizes = batch_sizes(cap)
    assert sizes[0] == 1
    assert sizes[-1] == cap
    assert list(sizes) == sorted(set(sizes))
