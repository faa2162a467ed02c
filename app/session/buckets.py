"""How a batch is divided among buffers of fixed sizes: pure arithmetic on numbers of rows."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Chunk(NamedTuple):
    """Rows `first` to `last` (exclusive) of a batch, and the size of the bucket that they run in."""

    first: int
    last: int
    bucket: int


def bucket_sizes(max_rows: int) -> list[int]:
    """Return the sizes in rows, ascending, that batches of up to `max_rows` are measured and padded at.

    They are the powers of two below `max_rows`, and `max_rows` itself.
    """
    powers = [1 << exponent for exponent in range(max_rows.bit_length()) if 1 << exponent < max_rows]
    return [*powers, max_rows]


def split_batch(n_rows: int, buckets: Sequence[int]) -> Iterator[Chunk]:
    """Yield the chunks of a batch: full ones of the largest bucket, then the rest in the smallest bucket that fits it.

    `buckets` are sizes in rows, in ascending order. A batch without rows yields one chunk without rows.
    """
    largest = buckets[-1]
    for first in range(0, max(n_rows, 1), largest):
        last = min(first + largest, n_rows)
        yield Chunk(first, last, buckets[bisect_left(buckets, last - first)])
