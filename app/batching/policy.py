"""The batching policy that a model's cost curve calls for: pure arithmetic on seconds and rows."""

from bisect import bisect_left
from dataclasses import dataclass

GAIN = 0.05
"""A batch is large enough where the best size measured would save less than this share of a row's time."""


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Measured seconds of a batch of n rows: ascending sizes, and the seconds of each."""

    rows: tuple[int, ...]
    seconds: tuple[float, ...]

    def cost(self, n_rows: int) -> float:
        """Return the seconds of a batch of n_rows, interpolated linearly, and beyond the last size extrapolated."""
        if len(self.rows) == 1:
            return self.seconds[0] * max(1.0, n_rows / self.rows[0])
        right = min(max(bisect_left(self.rows, n_rows), 1), len(self.rows) - 1)
        (x0, x1), (y0, y1) = self.rows[right - 1 : right + 1], self.seconds[right - 1 : right + 1]
        return max(y0 + (y1 - y0) * (n_rows - x0) / (x1 - x0), 0.0)


@dataclass(frozen=True, slots=True)
class Policy:
    """How to batch one model.

    A batch has at most `max_batch_rows`; it runs on the event loop up to `max_inline_rows`, else in a thread.
    """

    max_batch_rows: int
    max_inline_rows: int
    rows_per_second: float


def derive(curve: CostCurve, cap: int, max_inline_seconds: float) -> Policy:
    """Return the policy of the smallest batch that a larger one would not improve on by GAIN.

    `cap` bounds the batch; `max_inline_seconds` bounds how long a batch may keep the event loop from all else.
    """
    sizes = [size for size in curve.rows if size <= cap] or [cap]
    best = min(curve.cost(size) / size for size in sizes)
    largest = next(size for size in sizes if curve.cost(size) / size <= best * (1 + GAIN))
    return Policy(
        max_batch_rows=largest,
        max_inline_rows=_largest_within(curve, largest, max_inline_seconds),
        rows_per_second=largest / curve.cost(largest),
    )


def _largest_within(curve: CostCurve, limit: int, seconds: float) -> int:
    """Return the most rows, up to the limit, that cost at most the seconds; 0 where even one costs more."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if curve.cost(middle) <= seconds else (low, middle - 1)
    return low
