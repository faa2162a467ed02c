"""Processes that share one port: this one accepts connections, shares them out evenly, and replaces workers that die.

The kernel would spread connections by which process wakes first (one socket for all) or by a hash (a socket each, with
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
"""A worker's report: connections taken, connections that ended, and whether its models can answer."""

_TICK_SECONDS = 0.2
_SILENT_SECONDS = 3.0  # reports come every second: the event loop hangs, or nearly
_HUNG_SECONDS = 60.0
_STEADY_SECONDS = 60.0  # replaced at once after so long a life; after a shorter one the delay doubles
_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.5, 30.0
_MAX_UNTAKEN = 64  # more wait in the kernel's backlog
_EXIT_SECONDS = 5.0  # of a process whose channel is closed
_READ_BYTES = 4096 // REPORT.size * REPORT.size
_BOOT_FAILURE = 3

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

FORKS = sys.platform == "linux"  # elsewhere system libraries may have threads that no fork survives
_context = multiprocessing.get_context("fork") if FORKS else multiprocessing.get_context("spawn")

WorkerEntry = Callable[[int, socket.socket], None]


class Supervisor:
    """Runs `entry(number, channel)` in a process for each number, and sends each its share of the connections."""

    def __init__(self, entry: WorkerEntry, count: int, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._accepting = False
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._workers = [_Worker(entry, number) for number in range(count)]

    def run(self) -> int:
        """Run until SIGTERM or SIGINT, then until the workers have drained, and return the exit code.

        It is 3 where a worker ends before any has ever served: the next one would fail as well.
        """
        for stop_signal in _STOP_SIGNALS:
            signal.signal(stop_signal, self._stop)
        served = failed = False
        while not self._stopping and not failed:
            self._start_due_and_kill_hung()
            tick = monotonic() + _TICK_SECONDS
            while not self._stopping and not failed and monotonic() < tick:
                lost = self._handle_events()
                served = served or any(worker.last_report is not None for worker in self._workers)
                failed = lost and not served
        self._drain()
        return _BOOT_FAILURE if failed else 0

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _start_due_and_kill_hung(self) -> None:
        for worker in self._workers:
            if worker.channel is None and monotonic() >= worker.start_at:
                channel = worker.start(self._release)
                self._selector.register(channel, selectors.EVENT_READ, worker)
            worker.kill_if_hung()
        self._pause_or_accept()

    def _release(self) -> None:
        """Close, in a forked worker, the sockets that would keep the port and the other channels open."""
        self._listener.close()
        self._selector.close()
        for worker in self._workers:
            if worker.channel is not None:
                worker.channel.close()

    def _handle_events(self) -> bool:
        """Read the workers' reports, then accept, so that loads are compared as they are now.

        Return whether a worker was lost.
        """
        lost = accept = False
        for key, _ in self._selector.select(_TICK_SECONDS):
            if key.data is None:
                accept = True
            elif not key.data.read_report():
                lost = True
                self._selector.unregister(key.fileobj)
                key.data.reap()
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
            while candidates := self._candidates():
                if min(candidates, key=_load).send_connection(connection):
                    return

    def _candidates(self) -> list["_Worker"]:
        """Return the workers to send a connection to: the ready ones; while none is, all that can answer a probe."""
        live = [worker for worker in self._workers if worker.answers]
        ready = [worker for worker in live if worker.ready]
        return [worker for worker in ready or live if worker.untaken < _MAX_UNTAKEN]

    def _pause_or_accept(self) -> None:
        wanted = bool(self._candidates())
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
    """A numbered slot among the workers, and the process that fills it now."""

    def __init__(self, entry: WorkerEntry, number: int) -> None:
        self._entry = entry
        self._number = number
        self.start_at = 0.0
        self._delay = 0.0
        self._reset()

    def _reset(self) -> None:
        self._process: BaseProcess | None = None
        self.channel: socket.socket | None = None
        self.last_report: float | None = None
        self.ready = False
        self._leaving = False
        self.sent = self._taken = self._ended = 0

    def start(self, release: Callable[[], None]) -> socket.socket:
        """Start a process, which calls `release` where it is forked, and return this end of its channel."""
        channel, theirs = socket.socketpair()
        channel.setblocking(False)
        with theirs, _signals_blocked():
            arguments = (self._entry, self._number, theirs, [channel.close, release] if FORKS else [])
            self._process = _context.Process(target=_run, args=arguments)
            self._process.start()
        self._started = monotonic()
        self.channel = channel
        return channel

    @property
    def answers(self) -> bool:
        """Whether it has reported within the last few seconds, and takes connections."""
        return self.last_report is not None and monotonic() - self.last_report < _SILENT_SECONDS and not self._leaving

    @property
    def untaken(self) -> int:
        """Connections sent to it that it has not yet taken."""
        return self.sent - self._taken

    @property
    def open(self) -> int:
        """Connections that it has, and those sent to it that it has not yet taken."""
        return self.sent - self._ended

    def send_connection(self, connection: socket.socket) -> bool:
        """Send it a connection; return False where it takes no more."""
        assert self.channel is not None  # noqa: S101 it answers
        try:
            socket.send_fds(self.channel, [b"c"], [connection.fileno()])
        except OSError:
            self._leaving = True
            return False
        self.sent += 1
        return True

    def read_report(self) -> bool:
        """Read its last report; return False where its process has ended."""
        assert self.channel is not None  # noqa: S101 it was selected
        try:
            reports = self.channel.recv(_READ_BYTES)
        except OSError:
            return False
        if reports:
            self._taken, self._ended, self.ready = REPORT.unpack(reports[-REPORT.size :])
            self.last_report = monotonic()
        return bool(reports)

    def reap(self) -> None:
        """Wait for the end of its process, and set when the next one starts."""
        assert self.channel is not None  # noqa: S101 it was selected
        assert self._process is not None  # noqa: S101 with its channel
        self.channel.close()
        self._process.join(_EXIT_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        steady = monotonic() - self._started > _STEADY_SECONDS
        self._delay = 0.0 if steady else min(_LONGEST_DELAY_SECONDS, max(_FIRST_DELAY_SECONDS, 2 * self._delay))
        self.start_at = monotonic() + self._delay
        details = {"worker": self._number, "exit_code": self._process.exitcode, "restart_seconds": self._delay}
        log.error("worker ended", extra=details)
        self._reset()

    def kill_if_hung(self) -> None:
        """Kill a process that has long not reported; the end of its channel then says that it is gone."""
        if self._process is not None and monotonic() - (self.last_report or self._started) > _HUNG_SECONDS:
            self._process.kill()

    def terminate(self) -> None:
        """Ask its process to finish its requests and to end."""
        if self._process is not None:
            self._process.terminate()

    def join(self) -> None:
        """Wait for the end of its process."""
        if self._process is not None and self.channel is not None:
            self._process.join()
            self.channel.close()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Hold back the stop signals while a process starts, until it has handlers of its own."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)


def _run(entry: WorkerEntry, number: int, channel: socket.socket, releases: Sequence[Callable[[], None]]) -> None:
    """Run a worker in its process, without the supervisor's signal handlers and descriptors."""
    for stop_signal in _STOP_SIGNALS:
        signal.signal(stop_signal, signal.SIG_DFL)
    for release in releases:
        release()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    entry(number, channel)


def _load(worker: _Worker) -> tuple[int, int]:
    return worker.open, worker.sent
