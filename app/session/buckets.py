"""How a batch is divided among buffers of fixed sizes: pure arithmetic on numbers of rows."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Chunk(NamedTuple):
    """Rows `first` to `last` (exclusive) of a batch, and the size of the bucket that they run in."""

    first: int
    last: int
    bucket: int


def batch_sizes(cap: int) -> Sequence[int]:
    """Return the sizes of batches to measure and to make buckets of: powers of two below the cap, and the cap."""
    powers = [1 << exponent for exponent in range(cap.bit_length()) if 1 << exponent < cap]
    return [*powers, cap]


def split_batch(n_rows: int, buckets: Sequence[int]) -> Iterator[Chunk]:
    """Yield the chunks of a batch: full ones of the largest bucket, then the rest in the smallest bucket that fits it.

    `buckets` are sizes in rows, in ascending order. A batch without rows yields one chunk without rows.
    """
    largest = buckets[-1]
    for first in range(0, max(n_rows, 1), largest):
        last = min(first + largest, n_rows)
        yield Chunk(first, last, buckets[bisect_left(buckets, last - first)])
