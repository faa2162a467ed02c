"""Derive how to batch a model from what its batches cost: pure arithmetic on rows and seconds."""

from bisect import bisect_left
from dataclasses import dataclass

GAIN = 0.05
"""A batch is large enough if no other size would save more than this share of the time per row."""


@dataclass(frozen=True, slots=True)
class CostCurve:
    """The seconds that a batch takes, by its size: measured sizes in rows, ascending, and the seconds of each."""

    rows: tuple[int, ...]
    seconds: tuple[float, ...]

    def cost(self, n_rows: int) -> float:
        """Return the seconds of a batch of `n_rows`, interpolated linearly, or extrapolated from the last two sizes."""
        if len(self.rows) == 1:
            return self.seconds[0] * max(1.0, n_rows / self.rows[0])
        right = min(max(bisect_left(self.rows, n_rows), 1), len(self.rows) - 1)
        (x0, x1), (y0, y1) = self.rows[right - 1 : right + 1], self.seconds[right - 1 : right + 1]
        return max(y0 + (y1 - y0) * (n_rows - x0) / (x1 - x0), 0.0)


@dataclass(frozen=True, slots=True)
class Policy:
    """How one model is batched: at most `max_batch_rows` per batch, and beyond `max_inline_rows` in a thread."""

    max_batch_rows: int
    max_inline_rows: int
    rows_per_second: float


def derive_policy(curve: CostCurve, cap: int, max_inline_seconds: float) -> Policy:
    """Return the policy whose batch is the smallest with a time per row within `GAIN` of the best.

    A batch has at most `cap` rows. It runs on the event loop if it takes at most `max_inline_seconds`, during
    which the loop serves no other request.
    """
    sizes = [size for size in curve.rows if size <= cap] or [cap]
    best = min(curve.cost(size) / size for size in sizes)
    largest = next(size for size in sizes if curve.cost(size) / size <= best * (1 + GAIN))
    return Policy(
        max_batch_rows=largest,
        max_inline_rows=_max_rows_within(curve, largest, max_inline_seconds),
        rows_per_second=largest / curve.cost(largest),
    )


def _max_rows_within(curve: CostCurve, limit: int, seconds: float) -> int:
    """Return the most rows, up to `limit`, that cost at most `seconds`; 0 if even one row costs more."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if curve.cost(middle) <= seconds else (low, middle - 1)
    return low
