"""Rows that wait for their explanation."""

import asyncio
from collections.abc import Sequence
from threading import Event

import numpy as np
import pytest

from app.codecs.columns import Rows
from app.codecs.explanations import Explanations
from app.errors import BodyTooLarge, Overloaded, PredictionFailed
from app.explanations.queue import ExplanationQueue

pytestmark = pytest.mark.anyio


def rows(*numbers: float) -> Rows:
    return [(number,) for number in numbers]


def explain(payloads: Sequence[Rows]) -> Explanations:
    """Each row's only number as its score and contribution."""
    numbers = np.array([row[0] for payload in payloads if isinstance(payload, list) for row in payload])
    return Explanations(numbers[:, None], numbers, np.zeros(len(numbers)), None)


async def test_a_request_of_several_batches_comes_back_in_order() -> None:
    queue = ExplanationQueue(explain, max_rows=100)
    found = await queue.explain([rows(*range(70)), rows(*range(70, 80))])
    assert found.scores.tolist() == list(range(80))


async def test_a_request_of_too_many_rows_is_refused_whole() -> None:
    with pytest.raises(BodyTooLarge, match="at most 2 instances of a request are explained, received 3"):
        await ExplanationQueue(explain, max_rows=2).explain([rows(1, 2), rows(3)])


async def test_what_finds_no_place_in_the_queue_is_refused() -> None:
    released = Event()

    def wait(payloads: Sequence[Rows]) -> Explanations:
        released.wait(10)
        return explain(payloads)

    queue = ExplanationQueue(wait, max_rows=4)
    running = asyncio.create_task(queue.explain([rows(1)]))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(queue.explain([rows(2, 3)]))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await queue.explain([rows(4, 5, 6)])
    released.set()
    assert [(await task).scores.tolist() for task in (running, waiting)] == [[1], [2, 3]]


async def test_what_fails_is_told_to_its_caller() -> None:
    def fail(payloads: Sequence[Rows]) -> Explanations:
        raise PredictionFailed("no")

    with pytest.raises(PredictionFailed, match="no"):
        await ExplanationQueue(fail, max_rows=4).explain([rows(1)])


async def test_nothing_is_explained_after_the_end() -> None:
    queue = ExplanationQueue(explain, max_rows=4)
    queue.close()
    with pytest.raises(Overloaded):
        await queue.explain([rows(1)])
