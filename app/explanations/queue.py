"""The queue of rows that wait for their explanation, apart from rows that wait for a prediction."""

import asyncio
from collections.abc import Callable, Sequence

from app.batching.batcher import Batcher, Outcome
from app.batching.policy import Policy
from app.codecs.columns import Rows
from app.codecs.explanations import Explanations, join
from app.errors import BodyTooLarge

_BATCH_ROWS = 32
"""Rows of one request explained before another has its turn; they take tens of milliseconds."""


class ExplanationQueue:
    """Explains one batch at a time, always in a thread. Lives on one event loop, until `close`.

    `run` explains the rows of one batch. `max_rows` bounds the rows of a request, and the rows that wait.
    """

    def __init__(self, run: Callable[[Sequence[Rows]], Explanations], max_rows: int) -> None:
        self._max_rows = max_rows
        policy = Policy(max_batch_rows=_BATCH_ROWS, max_inline_rows=0, rows_per_second=0)
        self._batcher: Batcher[Rows] = Batcher(run, policy, max_rows)

    def admit(self, n_rows: int) -> None:
        """Raise BodyTooLarge if no request may have so many rows, Overloaded if the queue has no room for them now."""
        if n_rows > self._max_rows:
            raise BodyTooLarge(f"at most {self._max_rows} instances of a request are explained, received {n_rows}")
        self._batcher.admit(n_rows)

    async def explain(self, parts: Sequence[Rows]) -> Explanations:
        """Return the explanations of all rows of one request; raises BodyTooLarge, Overloaded, PredictionFailed."""
        self.admit(sum(map(len, parts)))
        chunks = [rows[start : start + _BATCH_ROWS] for rows in parts for start in range(0, len(rows), _BATCH_ROWS)]
        outcomes = await asyncio.gather(*[self._batcher.submit(chunk, len(chunk)) for chunk in chunks])
        return join([_explanations(outcome) for outcome in outcomes])

    def close(self) -> None:
        """Accept no more rows, and fail those whose batch has not begun."""
        self._batcher.close()


def _explanations(outcome: Outcome) -> Explanations:
    if outcome.error is not None:
        raise outcome.error
    explained: Explanations = outcome.answers
    return explained
