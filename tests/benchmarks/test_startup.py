import socket

import pytest

from benchmarks import startup


def test_a_start_is_timed_from_the_command_to_the_first_answer_and_the_service_is_stopped() -> None:
    port = startup.free_port()
    took = startup.start(startup.service(1), port)
    assert took.cpu_seconds > 0.05
    assert 0.05 < took.seconds < 60
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


def test_a_command_that_ends_without_an_answer_fails_at_once() -> None:
    with pytest.raises(RuntimeError, match="must answer"):
        startup.start(["-c", ""])
