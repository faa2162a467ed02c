"""All paths answer alike, byte for byte, and the server protects itself in front of all of them."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests import bundles
from tests.app.codecs import forms
from tests.server import new_client, running, wait_until

ROW = bundles.ROWS[0]
GOOD = json.dumps({"instances": bundles.ROWS}).encode()


def request(
    body: bytes = GOOD,
    path: str = "/predict",
    *,
    method: str = "POST",
    version: str = "1.1",
    headers: dict[str, str] | None = None,
    length: bool = True,
) -> bytes:
    """A request as it goes over the wire; a header of None as value is left out."""
    lines = {"Host": "localhost", "Content-Type": "application/json", "X-Request-ID": "same"} | (headers or {})
    if length:
        lines["Content-Length"] = str(len(body))
    head = f"{method} {path} HTTP/{version}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v)
    return head.encode("latin-1") + b"\r\n" + body


def chunked(*parts: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return request(body, headers={"Transfer-Encoding": "chunked"}, length=False)


CLOSE = {"Connection": "close"}
LAST = request(b"", "/health/live", method="GET", headers={"X-Request-ID": "last"})
CLOSED = b"(closed)"
CASES: dict[str, bytes] = {
    "good": request(),
    "model": request(path="/models/credit/predict"),
    "version": request(path="/models/credit/versions/1/predict"),
    "many rows": request(json.dumps({"instances": bundles.ROWS * 40}).encode()),
    "warnings": request(json.dumps({"instances": [ROW, {**ROW, "home": "castle", "income": 1e300}]}).encode()),
    "close": request(headers=CLOSE),
    "HTTP/1.0": request(version="1.0"),
    "HTTP/1.0 keep-alive": request(version="1.0", headers={"Connection": "keep-alive"}),
    "chunked": chunked(GOOD[:10], GOOD[10:]),
    "accept json": request(headers={"Accept": "application/json"}),
    "accept anything": request(headers={"Accept": "*/*"}),
    "charset": request(headers={"Content-Type": "application/json; charset=utf-8"}),
    "query": request(path="/predict?x=1"),
    "empty body": request(b""),
    "not json": request(b"{"),
    "bad instance": request(json.dumps({"instances": [{**ROW, "age": "x"}, {}]}).encode()),
    "unknown feature": request(json.dumps({"instances": [{**ROW, "extra": 1}]}).encode()),
    "no instance": request(b'{"instances": []}'),
    "unknown model": request(path="/models/nope/predict"),
    "unknown version": request(path="/models/credit/versions/2/predict"),
    "wrong type": request(headers={"Content-Type": "text/html"}),
    "accept nothing we have": request(headers={"Accept": "text/html"}),
    "accept csv": request(headers={"Accept": "text/csv"}),
    "accept arrow": request(headers={"Accept": forms.ARROW}),
    "columns": request(forms.columns(bundles.ROWS)),
    "bad columns": request(b'{"columns": {"age": ["x"]}}'),
    "csv": request(forms.as_csv(bundles.ROWS), headers={"Content-Type": "text/csv"}),
    "arrow": request(forms.as_arrow(bundles.ROWS), headers={"Content-Type": forms.ARROW}),
    "arrow to arrow": request(
        forms.as_arrow(bundles.ROWS), headers={"Content-Type": forms.ARROW, "Accept": forms.ARROW}
    ),
    "bad arrow": request(forms.as_arrow([{**ROW, "age": -1.0}]), headers={"Content-Type": forms.ARROW}),
    "no arrow": request(b"{}", headers={"Content-Type": forms.ARROW}),
    "no type": request(headers={"Content-Type": ""}),
    "encoded": request(headers={"Content-Encoding": "gzip"}),
    "wrong method": request(b"", method="PUT"),
    "get": request(b"", method="GET"),
    "too large": request(b" " * 20_000),
    "expect": request(headers={"Expect": "100-continue"}),
    "strange id": request(headers={"X-Request-ID": "two words"}),
    "two requests": request() + request(path="/models/credit/predict"),
    "pipelined mix": request() + request(b"", "/health/live", method="GET") + request(b"{") + request(),
    "pipelined after close": request(headers=CLOSE) + request(),
    "ambiguous length": request(GOOD, headers={"Transfer-Encoding": "chunked"}),
    "two lengths": request().replace(b"Content-Length", b"Content-Length: 3\r\nContent-Length"),
    "no http": b"hello\r\n\r\n",
}


@pytest.fixture(scope="module", params=["accept", "reject"])
def paths(request: pytest.FixtureRequest, models: Path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Yield clients of two services: one with the fast path of the protocol, one with that of ASGI."""
    common: dict[str, Any] = {"models_dir": models, "max_body_bytes": 10_000, "unseen": request.param}
    with running(Settings(**common)) as fast, running(Settings(**common, fast_lane=False)) as asgi:
        yield fast, asgi


@pytest.mark.parametrize("case", CASES)
def test_all_paths_answer_alike(paths: tuple[httpx.Client, httpx.Client], case: str) -> None:
    """The fast path of the protocol, that of ASGI, and FastAPI's routes, which an unusual header leads to."""
    fast, asgi = (normal(exchange(client, CASES[case])) for client in paths)
    routes = normal(exchange(paths[0], CASES[case].replace(b"\r\n", b"\r\nTE: trailers\r\n", 1)))
    assert fast == asgi == routes
    assert fast.startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("case", CASES)
def test_a_head_that_was_seen_before_is_answered_as_the_first_time(
    paths: tuple[httpx.Client, httpx.Client], case: str
) -> None:
    """Only a head without an id is remembered."""
    sent = CASES[case].replace(b"X-Request-ID: same\r\n", b"")
    fast, asgi = paths
    answers = {normal(exchange(client, sent)) for client in (fast, fast, fast, asgi)}
    assert len(answers) == 1


def test_both_fast_paths_answer_alike_however_the_bytes_arrive(paths: tuple[httpx.Client, httpx.Client]) -> None:
    sent = request() + request()
    answers = {normal(exchange(client, *(sent[i : i + 7] for i in range(0, len(sent), 7)))) for client in paths}
    assert len(answers) == 1


def test_both_fast_paths_count_alike(models: Path) -> None:
    counted = []
    for fast_lane in (True, False):
        with running(Settings(models_dir=models, fast_lane=fast_lane)) as client:
            for case in ("good", "model", "warnings", "bad instance", "not json", "wrong type"):
                exchange(client, CASES[case])
            lines = client.get("/metrics").text.splitlines()
            counters = ("slipway_requests_total", "slipway_rows_total", "slipway_warnings_total")
            counted.append([line for line in lines if line.startswith(counters) and "/health" not in line])
    assert counted[0] == counted[1]
    assert len(counted[0]) > 6


def test_the_fast_path_answers_what_it_is_for(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without FastAPI behind it a prediction is answered still, and nothing else is."""

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    with running(Settings(models_dir=models)) as client:
        monkeypatch.setattr("app.api.middleware.RequestMiddleware.__call__", broken)
        assert client.post("/predict", content=GOOD, headers={"Content-Type": "application/json"}).status_code == 200
        assert client.get("/models").status_code == 500


def test_a_head_over_the_cap_is_refused(paths: tuple[httpx.Client, httpx.Client]) -> None:
    sent = request(headers={f"X-{number}": "x" * 1000 for number in range(70)})
    for client in paths:
        answer = exchange(client, sent)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b'"code":"head_too_large"' in answer
        assert b"connection: close" in answer


@pytest.mark.parametrize("sent", [b"", b"POST /predict HTTP/1.1\r\nHost:", request()[:-5]])
@pytest.mark.parametrize("fast_lane", [True, False])
def test_a_request_that_never_ends_is_refused_in_time(models: Path, sent: bytes, fast_lane: bool) -> None:
    settings = Settings(models_dir=models, header_timeout_seconds=0.3, body_timeout_seconds=0.3, fast_lane=fast_lane)
    with running(settings) as client, connected(client) as connection:
        connection.sendall(sent)
        started = time.monotonic()
        answer = receive(connection)
        assert 0.2 < time.monotonic() - started < 5
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"request_timeout"' in answer


@pytest.fixture(scope="module")
def slow_streams(models: Path) -> Iterator[httpx.Client]:
    """A service that gives each 4 kB of a stream one second."""
    settings = Settings(models_dir=models, max_body_bytes=4096, header_timeout_seconds=1.0, body_timeout_seconds=1.0)
    with running(settings) as client:
        yield client


def test_a_stream_that_goes_on_may_take_longer_than_a_body(slow_streams: httpx.Client) -> None:
    answer = send_stream(slow_streams, [forms.batch(bundles.ROWS)] * 50, pause=0.05)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b'"label"') == 50 * len(bundles.ROWS)


def test_a_stream_that_stalls_is_refused_in_time(slow_streams: httpx.Client) -> None:
    started = time.monotonic()
    answer = send_stream(slow_streams, [forms.batch(bundles.ROWS)] * 20, pause=0.01, ends=False)
    assert time.monotonic() - started < 5
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_stream_that_trickles_is_refused_in_time(slow_streams: httpx.Client) -> None:
    started = time.monotonic()
    answer = send_stream(slow_streams, [forms.batch(bundles.ROWS)] * 6, pause=0.6)
    assert time.monotonic() - started < 5
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("identity", ["same", ""], ids=["parsed", "remembered"])
def test_an_idle_connection_between_requests_is_not_refused(models: Path, identity: str) -> None:
    sent = request(headers={"X-Request-ID": identity})
    with running(Settings(models_dir=models, header_timeout_seconds=0.2)) as client:
        exchange(client, sent)
        with connected(client) as connection:
            for _ in range(3):
                connection.sendall(sent)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
                time.sleep(0.3)


@pytest.mark.parametrize("fast_lane", [True, False])
def test_a_connection_is_closed_where_it_idles_for_too_long_and_not_before(models: Path, fast_lane: bool) -> None:
    settings = Settings(models_dir=models, fast_lane=fast_lane)
    with running(settings, timeout_keep_alive=1) as client, connected(client) as connection:
        for _ in range(4):
            connection.sendall(request(headers={"X-Request-ID": ""}))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.4)
        started = time.monotonic()
        assert connection.recv(65536) == b""
        assert 0.05 < time.monotonic() - started < 2


@pytest.mark.parametrize("fast_lane", [True, False])
def test_a_caller_that_leaves_within_its_request_is_counted_as_gone(models: Path, fast_lane: bool) -> None:
    with running(Settings(models_dir=models, fast_lane=fast_lane)) as client:
        with connected(client) as connection:
            connection.sendall(request()[:-5])
            time.sleep(0.1)
        gone = 'slipway_requests_total{method="POST",route="/predict",status="499"} 1.0'
        wait_until(lambda: gone in client.get("/metrics").text)
        assert "slipway_in_flight_requests 1.0" in client.get("/metrics").text


def test_a_body_s_deadline_may_be_shorter_than_a_head_s(models: Path) -> None:
    settings = Settings(models_dir=models, header_timeout_seconds=20, body_timeout_seconds=0.3)
    with running(settings) as client, connected(client) as connection:
        connection.sendall(request()[:-5])
        started = time.monotonic()
        assert receive(connection).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("fast_lane", [True, False])
def test_a_full_queue_refuses_before_it_parses(models: Path, fast_lane: bool) -> None:
    settings = Settings(models_dir=models, fast_lane=fast_lane, max_queue_rows=3, max_wait_ms=500)
    with running(settings) as client, connected(client) as waiting:
        waiting.sendall(request())
        time.sleep(0.1)
        refused = exchange(client, CASES["not json"])
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in refused
        assert b'"code":"overloaded"' in refused
        assert receive(waiting).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("fast_lane", [True, False])
def test_callers_that_leave_take_nobody_with_them(models: Path, fast_lane: bool) -> None:
    with running(Settings(models_dir=models, fast_lane=fast_lane)) as client:
        answers: list[int] = []

        def stay() -> None:
            with new_client(client.base_url) as own:
                answers.extend(own.post("/predict", json={"instances": bundles.ROWS}).status_code for _ in range(50))

        def leave() -> None:
            for _ in range(50):
                with connected(client) as connection:
                    connection.sendall(request())

        threads = [threading.Thread(target=act) for act in (stay, leave, leave)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [200] * 50
        assert client.get("/health/ready").status_code == 200
        assert "slipway_in_flight_requests 1.0" in client.get("/metrics").text


@contextmanager
def connected(client: httpx.Client) -> Iterator[socket.socket]:
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection((str(address[0]), int(address[1] or 0)), timeout=10) as connection:
        yield connection


def send_stream(client: httpx.Client, batches: list[Any], *, pause: float, ends: bool = True) -> bytes:
    """The answer to an Arrow stream whose record batches come one after the other, with pauses between them."""
    whole, schema = forms.stream(*batches), len(batches[0].schema.serialize())
    size = (len(whole) - schema - 8) // len(batches)
    parts = [
        whole[:schema],
        *(whole[start : start + size] for start in range(schema, len(whole) - 8, size)),
        whole[-8:],
    ]
    with connected(client) as connection:
        connection.sendall(
            request(b"", headers={"Content-Type": forms.ARROW, "Transfer-Encoding": "chunked"}, length=False)
        )
        with suppress(BrokenPipeError, ConnectionResetError):  # it was refused before its end
            for part in parts if ends else parts[:-1]:
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                time.sleep(pause)
            if ends:
                connection.sendall(b"0\r\n\r\n")
        return receive(connection)


def exchange(client: httpx.Client, *parts: bytes) -> bytes:
    """All that a connection answers to the parts."""
    with connected(client) as connection:
        for part in parts:
            connection.sendall(part)
            if len(parts) > 1:
                time.sleep(0.002)
        return receive(connection)


def receive(connection: socket.socket) -> bytes:
    """All that a connection answers until it is closed, which is noted, or until it answers one more request.

    Answers keep the order of their requests, so none can still follow the last one.
    """
    received, asked = b"", False
    while True:
        if not asked and is_whole(received) and b"\r\nconnection: close" not in received:
            asked = True
            with suppress(BrokenPipeError, ConnectionResetError):  # it was closed after its answer
                connection.sendall(LAST)
        before, last, _ = received.partition(b"\r\nx-request-id: last\r\n")
        if last:
            return before[: before.rindex(b"HTTP/1.1 200 ")]
        try:
            part = connection.recv(1 << 20)
        except ConnectionResetError:
            part = b""
        if not part:
            return received + CLOSED
        received += part


def is_whole(received: bytes) -> bool:
    """Return whether an answer has arrived to its end; `100 Continue` only announces one."""
    head, end, body = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: ([0-9]+)", head)
    return bool(end) and (len(body) >= int(length[1]) if length else b"0\r\n\r\n" in body)


def normal(answer: bytes) -> bytes:
    """Without what differs between any two answers: the date, and an id that the service made up."""
    answer = re.sub(rb"\r\ndate: [^\r]+", b"", answer)
    answer = re.sub(rb'"request_id":"[0-9a-f]{32}"', b"", answer)
    return re.sub(rb"x-request-id: [0-9a-f]{32}", b"", answer)
