import socket
import threading
from collections import Counter
from collections.abc import Iterator

import orjson
import pytest

from benchmarks.serving.checking import Questions
from benchmarks.serving.contract import answer
from benchmarks.serving.verify import _ask


@pytest.fixture
def questions() -> Questions:
    """Questions that nobody is asked."""
    return Questions("http://127.0.0.1:1/predict", 10, 0.0, seed=1)


@pytest.mark.parametrize(
    ("status", "shift", "outcome"),
    [(b"200", 0.0, "right"), (b"200", 0.05, "wrong"), (b"503", 0.0, "error")],
)
def test_an_answer_is_judged_by_its_own_rows(questions: Questions, status: bytes, shift: float, outcome: str) -> None:
    values = questions._expected[0] * 0.9 + shift if shift else questions._expected[0]
    questions.judge(0, status, orjson.dumps(answer(values.tolist())))
    assert questions.counts == Counter({outcome: 1})


def test_the_right_answer_of_another_request_is_swapped(questions: Questions) -> None:
    questions.judge(0, b"200", orjson.dumps(answer(questions._expected[1].tolist())))
    assert questions.counts == Counter(swapped=1)


def test_what_is_no_answer_is_wrong(questions: Questions) -> None:
    for body in (b"", b"{}", b"[]", b'{"predictions": [1]}'):
        questions.judge(0, b"200", body)
    assert questions.counts == Counter(wrong=4)


def test_every_request_of_the_service_is_answered_rightly_while_callers_leave(bench_url: str) -> None:
    counts = _ask(bench_url, 8, 0.1, 400, 1)
    assert counts.pop("abandoned") > 0
    assert counts == Counter(right=400)


@pytest.fixture
def rude_url() -> Iterator[str]:
    """A server that reads and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1 << 16)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_connection_that_ends_before_the_answer_has_lost_it(rude_url: str) -> None:
    assert _ask(rude_url, 2, 0.0, 10, 1) == Counter(lost=10)
