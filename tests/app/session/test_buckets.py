"""The sizes of buckets, and dividing a batch among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session.buckets import Chunk, bucket_sizes, split_batch


@given(max_rows=st.integers(1, 5000))
def test_sizes_ascend_from_one_to_the_largest_batch(max_rows: int) -> None:
    sizes = bucket_sizes(max_rows)
    assert sizes[0] == 1
    assert sizes[-1] == max_rows
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("n_rows", "chunks"),
    [
        (0, [Chunk(0, 0, 1)]),
        (1, [Chunk(0, 1, 1)]),
        (3, [Chunk(0, 3, 4)]),
        (8, [Chunk(0, 8, 8)]),
        (9, [Chunk(0, 9, 10)]),
        (10, [Chunk(0, 10, 10)]),
        (23, [Chunk(0, 10, 10), Chunk(10, 20, 10), Chunk(20, 23, 4)]),
    ],
)
def test_a_batch_fills_the_largest_bucket_and_its_rest_takes_the_smallest_that_fits(
    n_rows: int, chunks: list[Chunk]
) -> None:
    assert list(split_batch(n_rows, bucket_sizes(10))) == chunks


@given(st.integers(0, 5000), st.integers(1, 1500))
def test_chunks_cover_all_rows_in_order_and_are_less_than_half_padding(n_rows: int, cap: int) -> None:
    buckets = bucket_sizes(cap)
    chunks = list(split_batch(n_rows, buckets))
    assert [row for chunk in chunks for row in range(chunk.first, chunk.last)] == list(range(n_rows))
    for chunk in chunks:
        assert chunk.bucket in buckets
        assert chunk.last - chunk.first > chunk.bucket // 2 or n_rows == 0
