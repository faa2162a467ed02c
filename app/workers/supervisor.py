"""Processes that share one port: this one accepts and hands connections on evenly, and replaces who dies.

The kernel would spread connections by whoever wakes first (one socket for all) or by a hash (a socket each, with
SO_REUSEPORT); docs/performance.md has the figures. A connection costs one message on its way, a request nothing.

On Linux workers are forked, and so share what this process has imported: it must have no thread, session or GPU.
"""

import logging
import multiprocessing
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from time import monotonic

log = logging.getLogger("slipway")

REPORT = struct.Struct("<QQ?")
"""What a worker sends: connections taken, connections that ended, and whether its models can answer."""

_TICK_SECONDS = 0.2
_SILENT_SECONDS = 3.0  # reports come every second: the event loop hangs, or nearly
_HUNG_SECONDS = 60.0
_STEADY_SECONDS = 60.0  # who lived so long is replaced at once; after a shorter life the delay doubles
_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.5, 30.0
_MAX_UNTAKEN = 64  # more wait in the kernel's backlog
_EXIT_SECONDS = 5.0  # of a process whose channel is closed
_READ_BYTES = 4096 // REPORT.size * REPORT.size
_BOOT_FAILURE = 3

_ENDINGS = (signal.SIGTERM, signal.SIGINT)

FORKS = sys.platform == "linux"  # elsewhere system libraries may have threads that no fork survives
_context = multiprocessing.get_context("fork") if FORKS else multiprocessing.get_context("spawn")

Target = Callable[[int, socket.socket], None]


class Supervisor:
    """Runs `target(number, channel)` in a process for each number, and hands each its share of the connections."""

    def __init__(self, target: Target, count: int, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._accepting = False
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._workers = [_Worker(target, number) for number in range(count)]

    def run(self) -> int:
        """Until SIGTERM or SIGINT, and until the workers have drained; the exit code.

        3 where a worker ends before any ever served: the next would fare no better.
        """
        for ending in _ENDINGS:
            signal.signal(ending, self._stop)
        served = failed = False
        while not self._stopping and not failed:
            self._look_after_workers()
            tick = monotonic() + _TICK_SECONDS
            while not self._stopping and not failed and monotonic() < tick:
                lost = self._handle_events()
                served = served or any(worker.heard is not None for worker in self._workers)
                failed = lost and not served
        self._drain()
        return _BOOT_FAILURE if failed else 0

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _look_after_workers(self) -> None:
        for worker in self._workers:
            if worker.channel is None and monotonic() >= worker.due:
                channel = worker.start(self._release)
                self._selector.register(channel, selectors.EVENT_READ, worker)
            worker.kill_if_hung()
        self._pause_or_accept()

    def _release(self) -> None:
        """Close, in a worker that was forked, what would keep the port and the others' channels open."""
        self._listener.close()
        self._selector.close()
        for worker in self._workers:
            if worker.channel is not None:
                worker.channel.close()

    def _handle_events(self) -> bool:
        """Hear the workers, then accept, so that they are compared as they are now; whether a worker was lost."""
        lost = accept = False
        for key, _ in self._selector.select(_TICK_SECONDS):
            if key.data is None:
                accept = True
            elif not key.data.hear():
                lost = True
                self._selector.unregister(key.fileobj)
                key.data.bury()
        if accept:
            self._accept()
        self._pause_or_accept()
        return lost

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # the client has left already, or this process has no descriptor left
            return
        with connection:
            while takers := self._takers():
                if min(takers, key=_load).hand(connection):
                    return

    def _takers(self) -> list["_Worker"]:
        """Who may be handed a connection; while none is ready, any, for a probe wants an answer too."""
        live = [worker for worker in self._workers if worker.answers]
        ready = [worker for worker in live if worker.ready]
        return [worker for worker in ready or live if worker.untaken < _MAX_UNTAKEN]

    def _pause_or_accept(self) -> None:
        wanted = bool(self._takers())
        if wanted and not self._accepting:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._accepting and not wanted:
            self._selector.unregister(self._listener)
        self._accepting = wanted

    def _drain(self) -> None:
        self._listener.close()
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join()
        self._selector.close()


class _Worker:
    """A place among the workers, and the process that has it."""

    def __init__(self, target: Target, number: int) -> None:
        self._target = target
        self._number = number
        self.due = 0.0
        self._delay = 0.0
        self._vacate()

    def _vacate(self) -> None:
        self._process: BaseProcess | None = None
        self.channel: socket.socket | None = None
        self.heard: float | None = None
        self.ready = False
        self._leaving = False
        self.handed = self._taken = self._ended = 0

    def start(self, release: Callable[[], None]) -> socket.socket:
        """Start a process, which releases what it has inherited; this end of its channel."""
        channel, theirs = socket.socketpair()
        channel.setblocking(False)
        with theirs, _endings_held_back():
            arguments = (self._target, self._number, theirs, [channel.close, release] if FORKS else [])
            self._process = _context.Process(target=_run, args=arguments)
            self._process.start()
        self._started = monotonic()
        self.channel = channel
        return channel

    @property
    def answers(self) -> bool:
        """Whether it has reported, and lately."""
        return self.heard is not None and monotonic() - self.heard < _SILENT_SECONDS and not self._leaving

    @property
    def untaken(self) -> int:
        """Connections on their way to it."""
        return self.handed - self._taken

    @property
    def open(self) -> int:
        """Connections that it has, or that are on their way to it."""
        return self.handed - self._ended

    def hand(self, connection: socket.socket) -> bool:
        """Send it a connection; False where it takes no more."""
        assert self.channel is not None  # noqa: S101 it answers
        try:
            socket.send_fds(self.channel, [b"c"], [connection.fileno()])
        except OSError:
            self._leaving = True
            return False
        self.handed += 1
        return True

    def hear(self) -> bool:
        """Read its last report; False where its process is gone."""
        assert self.channel is not None  # noqa: S101 it was selected
        try:
            reports = self.channel.recv(_READ_BYTES)
        except OSError:
            return False
        if reports:
            self._taken, self._ended, self.ready = REPORT.unpack(reports[-REPORT.size :])
            self.heard = monotonic()
        return bool(reports)

    def bury(self) -> None:
        """See its process end, and say when the next is due."""
        assert self.channel is not None  # noqa: S101 it was selected
        assert self._process is not None  # noqa: S101 with its channel
        self.channel.close()
        self._process.join(_EXIT_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        steady = monotonic() - self._started > _STEADY_SECONDS
        self._delay = 0.0 if steady else min(_LONGEST_DELAY_SECONDS, max(_FIRST_DELAY_SECONDS, 2 * self._delay))
        self.due = monotonic() + self._delay
        details = {"worker": self._number, "exit_code": self._process.exitcode, "restart_seconds": self._delay}
        log.error("worker ended", extra=details)
        self._vacate()

    def kill_if_hung(self) -> None:
        """End a process that has not reported for long; its channel tells the rest."""
        if self._process is not None and monotonic() - (self.heard or self._started) > _HUNG_SECONDS:
            self._process.kill()

    def terminate(self) -> None:
        """Ask it to drain and to end."""
        if self._process is not None:
            self._process.terminate()

    def join(self) -> None:
        """Wait for its end."""
        if self._process is not None and self.channel is not None:
            self._process.join()
            self.channel.close()


@contextmanager
def _endings_held_back() -> Iterator[None]:
    """A signal that comes while a process starts waits until it has handlers of its own."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)


def _run(target: Target, number: int, channel: socket.socket, releases: Sequence[Callable[[], None]]) -> None:
    """Be a worker's process: forget the supervisor's signal handlers and descriptors."""
    for ending in _ENDINGS:
        signal.signal(ending, signal.SIG_DFL)
    for release in releases:
        release()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    target(number, channel)


def _load(worker: _Worker) -> tuple[int, int]:
    return worker.open, worker.handed
