import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.batching.batcher import Batcher
from app.errors import Overloaded

pytestmark = pytest.mark.anyio

Rows = NDArray[np.int64]


class Graph:
    """A run that doubles its rows, on a gate that a test opens."""

    def __init__(self, *, open_gate: bool = True) -> None:
        self.gate = asyncio.Event()
        if open_gate:
            self.gate.set()
        self.batches: list[int] = []

    async def __call__(self, payloads: Sequence[Rows]) -> NDArray[Any]:
        rows = np.concatenate(payloads)
        self.batches.append(len(rows))
        await self.gate.wait()
        if (rows < 0).any():
            raise ValueError("a poisoned row")
        return rows * 2


def batcher(graph: Graph, max_batch_rows: int = 8, max_queue_rows: int = 1000) -> Batcher[Rows]:
    return Batcher(graph, max_batch_rows, max_queue_rows)


async def ask(batches: Batcher[Rows], rows: Sequence[int]) -> list[int]:
    answers, _ = await batches.submit(np.array(rows), len(rows))
    return list(map(int, answers))


async def start(batches: Batcher[Rows], *requests: Sequence[int]) -> list[asyncio.Task[list[int]]]:
    tasks = [asyncio.create_task(ask(batches, rows)) for rows in requests]
    await asyncio.sleep(0.01)
    return tasks


async def test_a_cancelled_caller_takes_nobody_with_it() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph)
    first, second, third = await start(batches, [1], [2], [3])
    second.cancel()
    graph.gate.set()
    assert list(await asyncio.wait_for(asyncio.gather(first, third), 1)) == [[2], [6]]
    assert await asyncio.wait_for(ask(batches, [4]), 1) == [8]


async def test_a_caller_cancelled_while_its_batch_runs_takes_nobody_with_it() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph)
    (alone,) = await start(batches, [0])
    second, third = await start(batches, [1, 2], [3])
    graph.gate.set()
    await alone
    graph.gate.clear()
    await asyncio.sleep(0.01)
    second.cancel()
    graph.gate.set()
    assert await asyncio.wait_for(third, 1) == [6]


async def test_what_waits_while_a_batch_runs_goes_as_one() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph)
    first = await start(batches, [1])
    rest = await start(batches, [2], [3, 4], [5])
    graph.gate.set()
    assert await asyncio.gather(*first, *rest) == [[2], [4], [6, 8], [10]]
    assert graph.batches == [1, 4]


async def test_a_batch_never_exceeds_its_cap() -> None:
    graph = Graph()
    batches = batcher(graph, max_batch_rows=4)
    await asyncio.gather(*(ask(batches, [number] * 3) for number in range(5)))
    assert max(graph.batches) <= 4


async def test_a_failing_batch_fails_its_callers_and_not_the_next() -> None:
    batches = batcher(Graph())
    with pytest.raises(ValueError, match="poisoned"):
        await ask(batches, [-1])
    assert await ask(batches, [1]) == [2]


async def test_too_few_answers_are_an_error_and_never_shared_out() -> None:
    async def short(payloads: Sequence[Rows]) -> NDArray[Any]:
        return np.concatenate(payloads)[:-1]

    with pytest.raises(RuntimeError, match="a batch of 2 rows must have as many answers, received 1"):
        await ask(Batcher(short, 8, 100), [1, 2])


async def test_a_full_queue_refuses_and_says_so() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph, max_queue_rows=3)
    running = await start(batches, [1])
    waiting = await start(batches, [2, 3])
    with pytest.raises(Overloaded, match="at most 3 rows may wait, 2 do"):
        await ask(batches, [4, 5])
    graph.gate.set()
    assert await asyncio.gather(*running, *waiting) == [[2], [4, 6]]


async def test_closing_cancels_those_who_wait() -> None:
    batches = batcher(Graph(open_gate=False))
    tasks = await start(batches, [1], [2])
    await batches.close()
    assert all(task.cancelled() for task in (await asyncio.wait(tasks, timeout=1))[0])


requests = st.lists(
    st.tuples(st.lists(st.integers(-1, 1_000_000), min_size=1, max_size=12), st.sampled_from(["wait", "cancel"])),
    min_size=1,
    max_size=30,
)


@given(requests=requests, cap=st.integers(1, 16))
@settings(max_examples=60, deadline=None)
def test_every_caller_gets_its_own_rows_whatever_the_others_do(requests: list[tuple[list[int], str]], cap: int) -> None:
    async def run() -> None:
        batches = batcher(Graph(), max_batch_rows=cap)
        tasks = [asyncio.create_task(ask(batches, rows)) for rows, _ in requests]
        await asyncio.sleep(0)
        for task, (_, what) in zip(tasks, requests, strict=True):
            if what == "cancel":
                task.cancel()
        answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        for answer, (rows, what) in zip(answers, requests, strict=True):
            if what == "cancel":
                assert isinstance(answer, asyncio.CancelledError)
            elif min(rows) >= 0 and not isinstance(answer, ValueError):
                assert answer == [2 * row for row in rows]
            else:
                assert isinstance(answer, ValueError)

    asyncio.run(run())
