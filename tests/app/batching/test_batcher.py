import asyncio
import threading
from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.batching.batcher import Batcher, Outcome
from app.batching.policy import Policy
from app.errors import Overloaded

pytestmark = pytest.mark.anyio

Rows = Sequence[int]


class Graph:
    """A run that doubles its rows, in a thread behind a gate that a test opens, or on the loop."""

    def __init__(self, *, open_gate: bool = True) -> None:
        self.gate = threading.Event()
        if open_gate:
            self.gate.set()
        self.batches: list[int] = []
        self.threads: set[int] = set()

    def __call__(self, payloads: Sequence[Rows]) -> list[int]:
        rows = list(chain.from_iterable(payloads))
        self.batches.append(len(rows))
        self.threads.add(threading.get_ident())
        assert self.gate.wait(5)
        if min(rows) < 0:
            raise ValueError("a poisoned row")
        return [2 * row for row in rows]


def batcher(graph: Any, cap: int = 8, inline: int = 0, max_queue_rows: int = 1000, wait: float = 0.0) -> Batcher[Rows]:
    return Batcher(graph, Policy(cap, inline, 1.0), max_queue_rows, wait)


async def ask(batches: Batcher[Rows], rows: Rows) -> list[int]:
    outcome = await batches.submit(rows, len(rows))
    if outcome.error is not None:
        raise outcome.error
    assert outcome.queue_seconds >= 0
    return list(outcome.answers)


async def start(batches: Batcher[Rows], *requests: Rows) -> list[asyncio.Task[list[int]]]:
    tasks = [asyncio.create_task(ask(batches, rows)) for rows in requests]
    await asyncio.sleep(0.02)
    return tasks


async def test_a_request_that_is_alone_does_not_wait_for_the_loop() -> None:
    outcomes: list[Outcome] = []
    batches = batcher(Graph(), inline=8)
    batches.enqueue([1], 1, outcomes.append, alone=True)
    assert [list(outcome.answers) for outcome in outcomes] == [[2]]


async def test_a_request_that_is_alone_joins_those_that_wait() -> None:
    outcomes: list[Outcome] = []
    graph = Graph()
    batches = batcher(graph, inline=8)
    batches.enqueue([1], 1, outcomes.append)
    batches.enqueue([2], 1, outcomes.append, alone=True)
    await asyncio.sleep(0.02)
    assert ([list(outcome.answers) for outcome in outcomes], graph.batches) == ([[2], [4]], [2])


async def test_a_cancelled_caller_does_not_fail_the_others_of_its_batch() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph)
    first, second, third = await start(batches, [1], [2], [3])
    second.cancel()
    graph.gate.set()
    assert list(await asyncio.wait_for(asyncio.gather(first, third), 1)) == [[2], [6]]
    assert await asyncio.wait_for(ask(batches, [4]), 1) == [8]


async def test_rows_of_a_caller_that_left_before_the_batch_are_not_run() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph)
    running = await start(batches, [0])
    second, third = await start(batches, [1, 2], [3])
    second.cancel()
    await asyncio.sleep(0)
    graph.gate.set()
    await asyncio.gather(*running, third)
    assert graph.batches == [1, 1]


async def test_requests_that_wait_while_a_batch_runs_go_as_one() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph)
    first = await start(batches, [1])
    rest = await start(batches, [2], [3, 4], [5])
    graph.gate.set()
    assert await asyncio.gather(*first, *rest) == [[2], [4], [6, 8], [10]]
    assert graph.batches == [1, 4]


async def test_requests_that_arrive_in_one_pass_of_the_loop_go_as_one() -> None:
    graph = Graph()
    assert await asyncio.gather(*(ask(batcher_ := batches, [n]) for batches in [batcher(graph)] for n in range(5)))
    assert batcher_.policy.max_batch_rows == 8
    assert graph.batches == [5]


async def test_a_short_batch_runs_on_the_loop_and_a_long_one_in_a_thread() -> None:
    graph = Graph()
    batches = batcher(graph, inline=2)
    await ask(batches, [1, 2])
    assert graph.threads == {threading.get_ident()}
    await ask(batches, [1, 2, 3])
    assert len(graph.threads) == 2


async def test_a_batch_never_exceeds_its_cap() -> None:
    graph = Graph()
    batches = batcher(graph, cap=4)
    await asyncio.gather(*(ask(batches, [number] * 3) for number in range(5)))
    assert max(graph.batches) <= 4


async def test_a_batch_may_wait_for_more_rows_but_not_when_it_is_full() -> None:
    graph = Graph()
    batches = batcher(graph, cap=3, wait=0.05)
    first = asyncio.create_task(ask(batches, [1]))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(ask(batches, [2]))
    await asyncio.gather(first, second)
    assert graph.batches == [2]
    await asyncio.wait_for(asyncio.gather(ask(batches, [1, 2]), ask(batches, [3])), 0.04)
    assert graph.batches == [2, 3]


@pytest.mark.parametrize("inline", [0, 8])
async def test_a_failing_batch_fails_its_callers_and_not_the_next(inline: int) -> None:
    batches = batcher(Graph(), inline=inline)
    with pytest.raises(ValueError, match="poisoned"):
        await ask(batches, [-1])
    assert await ask(batches, [1]) == [2]


async def test_too_few_answers_are_an_error_for_every_caller() -> None:
    with pytest.raises(RuntimeError, match="a batch of 2 rows must have as many answers, received 1"):
        await ask(batcher(lambda payloads: list(chain.from_iterable(payloads))[:-1]), [1, 2])


async def test_a_full_queue_refuses_and_says_so() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph, max_queue_rows=3)
    running = await start(batches, [1])
    waiting = await start(batches, [2, 3])
    with pytest.raises(Overloaded, match="at most 3 rows may wait, 2 do"):
        await ask(batches, [4, 5])
    graph.gate.set()
    assert await asyncio.gather(*running, *waiting) == [[2], [4, 6]]


async def test_closing_fails_waiting_requests_and_refuses_new_ones() -> None:
    graph = Graph(open_gate=False)
    batches = batcher(graph)
    (running,) = await start(batches, [1])
    (waiting,) = await start(batches, [2])
    batches.close()
    with pytest.raises(Overloaded, match="stopping"):
        await waiting
    with pytest.raises(Overloaded):
        await ask(batches, [3])
    graph.gate.set()
    assert await running == [2]


requests = st.lists(
    st.tuples(st.lists(st.integers(-1, 1_000_000), min_size=1, max_size=12), st.sampled_from(["wait", "cancel"])),
    min_size=1,
    max_size=30,
)


@given(requests=requests, cap=st.integers(12, 24), inline=st.integers(0, 24))
@settings(max_examples=60, deadline=None)
def test_every_caller_gets_its_own_rows_whatever_the_others_do(
    requests: list[tuple[list[int], str]], cap: int, inline: int
) -> None:
    async def run() -> None:
        graph = Graph()
        batches = batcher(graph, cap=cap, inline=inline)
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
        assert not graph.batches or max(graph.batches) <= cap

    asyncio.run(run())


async def test_a_callback_is_called_once_with_the_answers_of_its_own_rows() -> None:
    outcomes: list[Outcome] = []
    batches = batcher(Graph())
    batches.enqueue([1, 2], 2, outcomes.append)
    batches.enqueue([3], 1, outcomes.append)
    await asyncio.sleep(0.05)
    assert [list(outcome.answers) for outcome in outcomes] == [[2, 4], [6]]
