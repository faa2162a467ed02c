"""Requests with known answers, and connections that send them one after the other and check what returns."""

import asyncio
import random
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving.loads import JSON, TOLERANCE, holds, json_load, received

OUTCOMES = ("right", "wrong", "swapped", "error", "lost", "abandoned")
"""A swapped answer is right for other rows; a lost one never came, or was cut off."""

_SIZES = {1: 4000, 2: 300, 7: 200, 32: 50}
"""Number of bodies by rows per body: mostly one row, so that batches form across callers."""

_LONGEST_STAY_SECONDS = 0.01


class Questions:
    """The requests of one process, drawn at random until `requests` of them were sent, and their outcomes."""

    def __init__(self, url: str, requests: int, abandon: float, seed: int) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self.counts: Counter[str] = Counter()
        self._left = requests
        self._abandon = abandon
        self._random = random.Random(seed).random  # noqa: S311 a seed makes the run repeatable
        loads = [json_load(n_rows, n_bodies, seed=n_rows) for n_rows, n_bodies in _SIZES.items()]
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {JSON}\r\nContent-Length: "
        self.requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for load in loads for body in load.bodies]
        self._expected = [expected for load in loads for expected in load.expected]
        self._every_row = np.sort(np.concatenate(self._expected))
        # Bodies that were right before, so that an answer is parsed only when it is new.
        self._right: list[set[bytes]] = [set() for _ in self.requests]

    def draw(self) -> int | None:
        """Return the index of the next request, or None if all were sent."""
        if not self._left:
            return None
        self._left -= 1
        return int(self._random() * len(self.requests))

    def abandons(self) -> bool:
        """Return whether the caller abandons its request, and add another request in its place if so."""
        if self._random() >= self._abandon:
            return False
        self._left += 1
        self.counts["abandoned"] += 1
        return True

    def moment(self) -> float:
        """Return the seconds after which a caller leaves, while its request is being read, queued or answered."""
        return self._random() * _LONGEST_STAY_SECONDS

    def judge(self, index: int, status: bytes, body: bytes) -> None:
        """Check a complete answer and count its outcome."""
        if status != b"200":
            self.counts["error"] += 1
        elif body in self._right[index]:
            self.counts["right"] += 1
        else:
            self.counts[self._compare(index, body)] += 1

    def _compare(self, index: int, body: bytes) -> str:
        try:
            answer = received(JSON, body)
        except (ValueError, KeyError, TypeError):
            return "wrong"
        if holds(self._expected[index], answer):
            self._right[index].add(body)
            return "right"
        return "swapped" if self._belongs_to_other_rows(answer) else "wrong"

    def _belongs_to_other_rows(self, answer: NDArray[np.float64]) -> bool:
        places = np.searchsorted(self._every_row, answer).clip(1, len(self._every_row) - 1)
        gaps = np.minimum(abs(self._every_row[places] - answer), abs(self._every_row[places - 1] - answer))
        return bool(answer.size) and bool((gaps <= TOLERANCE).all())


class Caller(asyncio.Protocol):
    """A client with one connection, without pipelining, that reconnects after it left or the server closed."""

    def __init__(self, questions: Questions, loop: asyncio.AbstractEventLoop) -> None:
        self.finished: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._questions = questions
        self._transport: Any = None  # uvloop's is not an asyncio.Transport
        self._asked: int | None = None
        self._received = b""
        self._leaving = False
        self._dialling: asyncio.Task[None] | None = None

    def dial(self) -> None:
        """Connect and start to send requests."""
        self._dialling = self._loop.create_task(self._dial())

    def give_up(self) -> None:
        """Count a pending request as lost, and finish."""
        self._lose()
        self._finish()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""
        self._leaving = False
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self._leaving:
            return
        received = self._received + data if self._received else data
        head, separator, body = received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            self._received = received
            return
        self._received = b""
        index, self._asked = self._asked, None
        if index is None or len(body) > _content_length(head):  # more arrived than was requested
            self._questions.counts["wrong"] += 1
        else:
            self._questions.judge(index, head[9:12], body)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio calls it so
        self._transport = None
        if not self.finished.done():
            self._lose()
            self.dial()

    async def _dial(self) -> None:
        try:
            await self._loop.create_connection(lambda: self, self._questions.host, self._questions.port)
        except OSError:
            self._finish()

    def _ask(self) -> None:
        index = self._questions.draw()
        if index is None or self._transport is None:
            self._finish()
            return
        self._transport.write(self._questions.requests[index])
        if self._questions.abandons():
            self._leaving = True
            self._loop.call_later(self._questions.moment(), self._transport.abort)
        else:
            self._asked = index

    def _lose(self) -> None:
        if self._asked is not None:
            self._asked = None
            self._questions.counts["lost"] += 1

    def _finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int:
    """Return the length of the body that follows; raise ValueError if the head does not give it."""
    lowered = head.lower()
    start = lowered.index(b"content-length:") + 15
    end = lowered.find(b"\r\n", start)
    return int(lowered[start:] if end < 0 else lowered[start:end])
