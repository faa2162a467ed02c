"""Calls that all run on one thread."""

import threading

import pytest

from app.session.thread import SerialThread


def test_calls_from_any_thread_run_on_one_thread() -> None:
    serial = SerialThread("calls")
    seen: list[tuple[int, int]] = []

    def ask(number: int) -> None:
        seen.append((number, serial.call(threading.get_ident)))

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(number for number, _ in seen) == list(range(8))
    assert len({thread for _, thread in seen}) == 1
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_every_caller_gets_its_own_result_or_error() -> None:
    serial = SerialThread("calls")
    assert serial.call(int, "41", base=16) == 65
    with pytest.raises(ValueError, match="invalid literal"):
        serial.call(int, "x")
    assert serial.call(divmod, 7, 2) == (3, 1)
