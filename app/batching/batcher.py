"""Batches that form themselves: while one runs arrivals wait, and all that wait go next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from app.errors import Overloaded

Payload = TypeVar("Payload")


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """What a request spent: seconds until its batch started, and seconds that the batch ran."""

    queue_seconds: float
    run_seconds: float


@dataclass(slots=True)
class _Request(Generic[Payload]):
    payload: Payload
    n_rows: int
    answer: asyncio.Future[tuple[NDArray[Any], BatchTimes]]
    arrived: float = field(default_factory=perf_counter)


class Batcher(Generic[Payload]):
    """Runs queued payloads together. Lives on one event loop; `close` ends it and fails what still waits.

    `run` is awaited with the payloads of one batch and answers an array whose first axis is their rows, in order.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Payload]], Awaitable[NDArray[Any]]],
        max_batch_rows: int,
        max_queue_rows: int,
    ) -> None:
        self._run = run
        self._max_batch_rows = max_batch_rows
        self._max_queue_rows = max_queue_rows
        self._queue: deque[_Request[Payload]] = deque()
        self._queued_rows = 0
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, payload: Payload, n_rows: int) -> tuple[NDArray[Any], BatchTimes]:
        """The answers of this payload's rows, and what they waited for.

        Raises Overloaded where the queue is full, and whatever `run` raised for the batch.
        """
        if self._queued_rows and self._queued_rows + n_rows > self._max_queue_rows:
            raise Overloaded(f"at most {self._max_queue_rows} rows may wait, {self._queued_rows} do; try again later")
        request = _Request(payload, n_rows, asyncio.get_running_loop().create_future())
        self._queue.append(request)
        self._queued_rows += n_rows
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await request.answer

    async def close(self) -> None:
        """Stop; callers that still wait are cancelled."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        while self._queue:
            self._queue.popleft().answer.cancel()

    async def _work(self) -> None:
        try:
            while batch := self._next_batch():
                await self._answer(batch)
        finally:
            self._worker = None

    def _next_batch(self) -> list[_Request[Payload]]:
        """All that waits, in order, up to the cap; a cancelled caller's rows are dropped."""
        batch: list[_Request[Payload]] = []
        rows = 0
        while self._queue and (not batch or rows + self._queue[0].n_rows <= self._max_batch_rows):
            request = self._queue.popleft()
            self._queued_rows -= request.n_rows
            if not request.answer.done():
                batch.append(request)
                rows += request.n_rows
        return batch

    async def _answer(self, batch: list[_Request[Payload]]) -> None:
        started = perf_counter()
        try:
            answers = await self._run([request.payload for request in batch])
            rows = sum(request.n_rows for request in batch)
            if len(answers) != rows:
                raise RuntimeError(f"a batch of {rows} rows must have as many answers, received {len(answers)}")
        except asyncio.CancelledError:
            for request in batch:
                request.answer.cancel()
            raise
        except Exception as error:  # the callers are told, and the next batch is another matter
            for request in batch:
                if not request.answer.done():
                    request.answer.set_exception(error)
            return
        ran = perf_counter() - started
        start = 0
        for request in batch:
            if not request.answer.done():
                times = BatchTimes(started - request.arrived, ran)
                request.answer.set_result((answers[start : start + request.n_rows], times))
            start += request.n_rows
