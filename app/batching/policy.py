"""What a model's cost says about batching: pure arithmetic on seconds and rows."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

GAIN = 0.05
"""A batch is large enough where the best one measured would save less than this share of a row's time."""


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Measured seconds of a batch of n rows: ascending sizes, the seconds of each."""

    rows: tuple[int, ...]
    seconds: tuple[float, ...]

    def cost(self, n_rows: int) -> float:
        """Seconds of a batch of n_rows: a straight line between the sizes measured, and on beyond the last two."""
        if len(self.rows) == 1:
            return self.seconds[0] * max(1.0, n_rows / self.rows[0])
        right = min(max(bisect_left(self.rows, n_rows), 1), len(self.rows) - 1)
        (x0, x1), (y0, y1) = self.rows[right - 1 : right + 1], self.seconds[right - 1 : right + 1]
        return max(y0 + (y1 - y0) * (n_rows - x0) / (x1 - x0), 0.0)


@dataclass(frozen=True, slots=True)
class Policy:
    """How to batch one model: `max_batch_rows` a run, on the event loop up to `max_inline_rows`, else in a thread."""

    max_batch_rows: int
    max_inline_rows: int
    rows_per_second: float


def derive(curve: CostCurve, cap: int, max_inline_seconds: float) -> Policy:
    """The smallest batch from which on nothing is gained, and the largest that may hold the event loop.

    `cap` bounds the batch, `max_inline_seconds` the time that the loop answers nobody else.
    """
    sizes = [n for n in curve.rows if n <= cap] or [cap]
    best = min(curve.cost(n) / n for n in sizes)
    largest = next(n for n in sizes if curve.cost(n) / n <= best * (1 + GAIN))
    return Policy(
        max_batch_rows=largest,
        max_inline_rows=_largest_within(curve, largest, max_inline_seconds),
        rows_per_second=largest / curve.cost(largest),
    )


def sizes(cap: int) -> Sequence[int]:
    """The batch sizes worth measuring: powers of two, and the cap."""
    powers = [1 << exponent for exponent in range(cap.bit_length()) if 1 << exponent < cap]
    return [*powers, cap]


def _largest_within(curve: CostCurve, limit: int, seconds: float) -> int:
    """Most rows up to the limit that cost at most the seconds, 0 where even one costs more."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if curve.cost(middle) <= seconds else (low, middle - 1)
    return low
