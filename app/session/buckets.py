"""Which buffers a batch goes through where every shape must be known before: pure arithmetic on rows."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """Rows `first` to `last` (exclusive) of a batch, and the size of the bucket that they fill or are padded to."""

    first: int
    last: int
    bucket: int


def batch_sizes(cap: int) -> Sequence[int]:
    """Return the sizes of batches to measure and to make buckets of: powers of two below the cap, and the cap."""
    powers = [1 << exponent for exponent in range(cap.bit_length()) if 1 << exponent < cap]
    return [*powers, cap]


def split(n_rows: int, buckets: Sequence[int]) -> Iterator[Piece]:
    """The pieces of a batch: as many of the largest bucket as it fills, and the smallest one that holds the rest.

    `buckets` are sizes in ascending order. A batch without rows is a piece without rows.
    """
    largest = buckets[-1]
    for first in range(0, max(n_rows, 1), largest):
        last = min(first + largest, n_rows)
        yield Piece(first, last, buckets[bisect_left(buckets, last - first)])
