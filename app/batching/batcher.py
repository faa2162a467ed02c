"""Batches that form themselves: while one runs arrivals wait, and all that wait go next."""

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


class Answered(Protocol):
    """Answers of rows, in order."""

    def __len__(self) -> int:
        """How many rows."""
        ...

    def __getitem__(self, rows: slice, /) -> Any:
        """The answers of some of them."""
        ...


@dataclass(slots=True, eq=False)
class Outcome:
    """One request's share of a batch: its `answers` (or the batch's `error`), and the seconds that it waited."""

    answers: Any
    error: Exception | None
    queue_seconds: float


@dataclass(slots=True, eq=False)
class Request(Generic[Payload]):
    """A queued request; where somebody awaits it who is cancelled, its rows stay out of a batch that has not begun."""

    payload: Payload
    n_rows: int
    done: Callable[[Outcome], None]
    waiter: "asyncio.Future[Outcome] | None" = None
    arrived: float = field(default_factory=perf_counter)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the outcome any more."""
        return self.waiter is not None and self.waiter.cancelled()


class Batcher(Generic[Payload]):
    """Runs queued payloads together. Lives on one event loop; `close` ends it and tells those who still wait.

    `run` takes the payloads of one batch and answers a sequence of as many items as they have rows, in order. A batch
    that the policy finds short runs on the event loop, where it costs no hand-over; a longer one runs in a thread.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Payload]], Answered],
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
        """Queue rows; `done` is called once, on the event loop, with what became of them.

        `alone` says that no other request can come to join this one, which then need not wait for the loop's next pass.
        A request of more rows than a batch holds must come in pieces. Raises Overloaded where the queue is full.
        """
        self._add(Request(payload, n_rows, done), alone=alone)

    def submit(self, payload: Payload, n_rows: int) -> "asyncio.Future[Outcome]":
        """As `enqueue`, to be awaited; raises Overloaded."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)

        self._add(Request(payload, n_rows, done, future), alone=False)
        return future

    def admit(self, n_rows: int = 1) -> None:
        """Raise Overloaded where so many rows find no place in the queue; one that is empty takes any number."""
        rows = self._queued_rows
        if self._closed or (rows and rows + n_rows > self._max_queue_rows):
            raise Overloaded(f"at most {self._max_queue_rows} rows may wait, {rows} do; try again later")

    def close(self) -> None:
        """Take no more, and fail those who wait for a batch that has not begun."""
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
        """Run soon: once the loop has read what all ready connections sent, so that they share a batch."""
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
            self._finish(batch, rows, started, *self._guarded(payloads))
            return
        self._running = True
        future = asyncio.get_running_loop().run_in_executor(None, self._guarded, payloads)
        future.add_done_callback(lambda one: self._finish(batch, rows, started, *_result(one)))

    def _next_batch(self) -> list[Request[Payload]]:
        """All that waits, in order, up to the cap; a cancelled caller's rows are dropped."""
        batch: list[Request[Payload]] = []
        rows = 0
        while self._queue and (not batch or rows + self._queue[0].n_rows <= self.policy.max_batch_rows):
            request = self._queue.popleft()
            self._queued_rows -= request.n_rows
            if not request.cancelled:
                batch.append(request)
                rows += request.n_rows
        return batch

    def _guarded(self, payloads: Sequence[Payload]) -> tuple[Answered, Exception | None]:
        try:
            return self._run(payloads), None
        except Exception as error:  # the callers are told, and the next batch is another matter
            return (), error

    def _finish(
        self,
        batch: Sequence[Request[Payload]],
        rows: int,
        started: float,
        answers: Answered,
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


def _result(future: "asyncio.Future[tuple[Answered, Exception | None]]") -> tuple[Answered, Exception | None]:
    with suppress(asyncio.CancelledError):
        return future.result()
    return (), Overloaded("the service is stopping")
