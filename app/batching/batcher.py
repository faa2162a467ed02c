"""A queue that forms batches by itself: requests that arrive while a batch runs go together in the next one."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

from app.batching.policy import Policy
from app.errors import Overloaded

Payload = TypeVar("Payload")


class BatchAnswers(Protocol):
    """The answers of a batch's rows, in order."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def __getitem__(self, rows: slice, /) -> Any:
        """Return the answers of these rows."""
        ...


@dataclass(slots=True, eq=False)
class Outcome:
    """One request's share of a batch: the answers of its rows or the batch's error, and its seconds in the queue."""

    answers: Any
    error: Exception | None
    queue_seconds: float


@dataclass(slots=True, eq=False)
class Request(Generic[Payload]):
    """A request waiting for a batch. Its rows are left out if its `waiter` is cancelled before the batch begins."""

    payload: Payload
    n_rows: int
    done: Callable[[Outcome], None]
    waiter: "asyncio.Future[Outcome] | None" = None
    arrived: float = field(default_factory=perf_counter)

    @property
    def cancelled(self) -> bool:
        """True once the caller has stopped waiting for the outcome."""
        return self.waiter is not None and self.waiter.cancelled()


class Batcher(Generic[Payload]):
    """A queue whose requests run together. Lives on one event loop, until `close`, which fails those still waiting.

    `run` is given the payloads of one batch and returns as many answers as they have rows, in order. A batch of up to
    the policy's `max_inline_rows` runs on the event loop, which saves the switch to a thread; a larger one in a thread.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Payload]], BatchAnswers],
        policy: Policy,
        max_queue_rows: int,
        max_wait_seconds: float = 0.0,
    ) -> None:
        self.policy = policy
        self._run = run
        self._max_queue_rows = max_queue_rows
        self._max_wait_seconds = max_wait_seconds
        self._queue: deque[Request[Payload]] = deque()
        self._queued_rows = 0
        self._scheduled: asyncio.Handle | None = None
        self._running = False
        self._closed = False

    def enqueue(self, payload: Payload, n_rows: int, done: Callable[[Outcome], None], *, alone: bool = False) -> None:
        """Queue one request, and call `done` with its outcome, once and on the event loop.

        `alone` says that no other request can arrive in the loop's current pass, so that this one need not wait for
        the next. A request must have at most `max_batch_rows`. Raises Overloaded if the queue is full.
        """
        self._add(Request(payload, n_rows, done), alone=alone)

    def submit(self, payload: Payload, n_rows: int) -> "asyncio.Future[Outcome]":
        """Queue one request and return a future of its outcome; raises Overloaded if the queue is full."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)

        self._add(Request(payload, n_rows, done, future), alone=False)
        return future

    def admit(self, n_rows: int = 1) -> None:
        """Raise Overloaded if the queue has no room for `n_rows`; an empty queue has room for any number."""
        rows = self._queued_rows
        if self._closed or (rows and rows + n_rows > self._max_queue_rows):
            raise Overloaded(f"at most {self._max_queue_rows} rows may wait, {rows} do; try again later")

    def close(self) -> None:
        """Accept no more requests, and fail those whose batch has not begun."""
        self._closed = True
        if self._scheduled is not None:
            self._scheduled.cancel()
        waiting, self._queued_rows = list(self._queue), 0
        self._queue.clear()
        now = perf_counter()
        for request in waiting:
            request.done(Outcome((), Overloaded("the service is stopping"), now - request.arrived))

    def _add(self, request: Request[Payload], *, alone: bool) -> None:
        self.admit(request.n_rows)
        self._queue.append(request)
        self._queued_rows += request.n_rows
        if alone and not self._running and self._scheduled is None and not self._max_wait_seconds:
            self._start()
        elif not self._running:
            self._schedule()

    def _schedule(self) -> None:
        """Start a batch soon: after the loop has read from all ready connections, so that their requests share it."""
        loop = asyncio.get_running_loop()
        if self._max_wait_seconds and self._queued_rows < self.policy.max_batch_rows:
            if self._scheduled is None:
                self._scheduled = loop.call_later(self._max_wait_seconds, self._start)
        elif self._scheduled is None or self._max_wait_seconds:
            if self._scheduled is not None:
                self._scheduled.cancel()
            self._scheduled = loop.call_soon(self._start)

    def _start(self) -> None:
        self._scheduled = None
        batch = self._next_batch()
        if not batch:
            return
        rows = sum(request.n_rows for request in batch)
        payloads = [request.payload for request in batch]
        started = perf_counter()
        if rows <= self.policy.max_inline_rows:
            self._finish(batch, rows, started, *self._run_payloads(payloads))
            return
        self._running = True
        future = asyncio.get_running_loop().run_in_executor(None, self._run_payloads, payloads)
        future.add_done_callback(lambda run: self._finish(batch, rows, started, *_result(run)))

    def _next_batch(self) -> list[Request[Payload]]:
        """Remove and return waiting requests in order, up to `max_batch_rows`, without those that were cancelled."""
        batch: list[Request[Payload]] = []
        rows = 0
        while self._queue and (not batch or rows + self._queue[0].n_rows <= self.policy.max_batch_rows):
            request = self._queue.popleft()
            self._queued_rows -= request.n_rows
            if not request.cancelled:
                batch.append(request)
                rows += request.n_rows
        return batch

    def _run_payloads(self, payloads: Sequence[Payload]) -> tuple[BatchAnswers, Exception | None]:
        try:
            return self._run(payloads), None
        except Exception as error:  # it fails this batch's callers, and must not stop the next batch
            return (), error

    def _finish(
        self,
        batch: Sequence[Request[Payload]],
        rows: int,
        started: float,
        answers: BatchAnswers,
        error: Exception | None,
    ) -> None:
        self._running = False
        if error is None and len(answers) != rows:
            error = RuntimeError(f"a batch of {rows} rows must have as many answers, received {len(answers)}")
        if self._queue:
            self._schedule()
        if len(batch) == 1 and error is None:
            batch[0].done(Outcome(answers, None, started - batch[0].arrived))
            return
        first = 0
        for request in batch:
            share = () if error else answers[first : first + request.n_rows]
            request.done(Outcome(share, error, started - request.arrived))
            first += request.n_rows


def _result(future: "asyncio.Future[tuple[BatchAnswers, Exception | None]]") -> tuple[BatchAnswers, Exception | None]:
    with suppress(asyncio.CancelledError):
        return future.result()
    return (), Overloaded("the service is stopping")
