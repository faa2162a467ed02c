"""Worker processes that share one port: the supervisor accepts connections, spreads them evenly and replaces workers.

The kernel would spread connections unevenly: to whichever worker wakes first if all accept from one socket, by a hash
if each has its own (SO_REUSEPORT); docs/performance.md has the figures. Sending a connection to a worker costs one
message, and its requests cost nothing more.

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
"""A worker's report: connections received, connections that ended, and whether its models can answer."""

_TICK_SECONDS = 0.2
_UNRESPONSIVE_SECONDS = 3.0  # a worker reports every second: its event loop is blocked, or nearly
_HUNG_SECONDS = 60.0
_STABLE_SECONDS = 60.0  # a worker that ran for so long is replaced at once; after a shorter run the delay doubles
_FIRST_DELAY_SECONDS, _MAX_DELAY_SECONDS = 0.5, 30.0
_MAX_IN_TRANSIT = 64  # connections that one worker has yet to receive; more wait in the kernel's backlog
_EXIT_SECONDS = 5.0  # how long a process may live on after its channel closed
_READ_BYTES = 4096 // REPORT.size * REPORT.size
_BOOT_FAILURE = 3

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

FORKS = sys.platform == "linux"  # elsewhere system libraries may have threads that do not survive a fork
_context = multiprocessing.get_context("fork") if FORKS else multiprocessing.get_context("spawn")

WorkerEntry = Callable[[int, socket.socket], None]
"""The main function of a worker process: called with the worker's number and its end of the channel."""


class Supervisor:
    """Runs `entry(number, channel)` in one process per number, and sends each process its share of the connections.

    `entry` must be picklable where workers are spawned rather than forked. The listener stays the caller's to close.
    """

    def __init__(self, entry: WorkerEntry, count: int, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._accepting = False
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._workers = [_Worker(entry, number) for number in range(count)]

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then until the workers have drained; return the exit code.

        It is 3 if a worker ends before any has ever reported, because its replacement would end the same way.
        """
        for stop_signal in _STOP_SIGNALS:
            signal.signal(stop_signal, self._stop)
        reported = failed = False
        while not self._stopping and not failed:
            self._maintain_workers()
            tick = monotonic() + _TICK_SECONDS
            while not self._stopping and not failed and monotonic() < tick:
                lost = self._handle_events()
                reported = reported or any(worker.reported_at is not None for worker in self._workers)
                failed = lost and not reported
        self._drain()
        return _BOOT_FAILURE if failed else 0

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _maintain_workers(self) -> None:
        """Start the workers that are due, and kill those that hang."""
        for worker in self._workers:
            if worker.channel is None and monotonic() >= worker.start_at:
                channel = worker.start(self._close_inherited)
                self._selector.register(channel, selectors.EVENT_READ, worker)
            worker.kill_if_hung()
        self._pause_or_accept()

    def _close_inherited(self) -> None:
        """Close, in a forked worker, the supervisor's descriptors, which would keep the port and the channels open."""
        self._listener.close()
        self._selector.close()
        for worker in self._workers:
            if worker.channel is not None:
                worker.channel.close()

    def _handle_events(self) -> bool:
        """Read reports, then accept, so that workers are compared by their latest; return whether a worker ended."""
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
        """Return the workers that may be sent a connection: the ready ones, or any if none is, so that probes work."""
        responsive = [worker for worker in self._workers if worker.responsive]
        ready = [worker for worker in responsive if worker.ready]
        return [worker for worker in ready or responsive if worker.in_transit < _MAX_IN_TRANSIT]

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
    """One worker as the supervisor sees it: the process that runs it now, and when to start the next."""

    def __init__(self, entry: WorkerEntry, number: int) -> None:
        self._entry = entry
        self._number = number
        self.start_at = 0.0
        self._delay = 0.0
        self._reset()

    def _reset(self) -> None:
        self._process: BaseProcess | None = None
        self.channel: socket.socket | None = None
        self.reported_at: float | None = None
        self.ready = False
        self._refuses = False
        self.sent = self._received = self._ended = 0

    def start(self, close_inherited: Callable[[], None]) -> socket.socket:
        """Start a process and return this end of its channel; a forked process first calls `close_inherited`."""
        channel, worker_end = socket.socketpair()
        channel.setblocking(False)
        with worker_end, _stop_signals_blocked():
            arguments = (self._entry, self._number, worker_end, [channel.close, close_inherited] if FORKS else [])
            self._process = _context.Process(target=_run, args=arguments)
            self._process.start()
        self._started_at = monotonic()
        self.channel = channel
        return channel

    @property
    def responsive(self) -> bool:
        """True if it has reported lately and has not refused a connection."""
        reported_at = self.reported_at
        return reported_at is not None and monotonic() - reported_at < _UNRESPONSIVE_SECONDS and not self._refuses

    @property
    def in_transit(self) -> int:
        """Connections sent to it that it has not reported as received."""
        return self.sent - self._received

    @property
    def open_connections(self) -> int:
        """Connections sent to it that it has not reported as ended."""
        return self.sent - self._ended

    def send_connection(self, connection: socket.socket) -> bool:
        """Send it a connection; return False if it takes no more."""
        assert self.channel is not None  # noqa: S101 it is responsive
        try:
            socket.send_fds(self.channel, [b"c"], [connection.fileno()])
        except OSError:
            self._refuses = True
            return False
        self.sent += 1
        return True

    def read_report(self) -> bool:
        """Read its latest report; return False if its process has closed the channel."""
        assert self.channel is not None  # noqa: S101 it was selected
        try:
            reports = self.channel.recv(_READ_BYTES)
        except OSError:
            return False
        if reports:
            self._received, self._ended, self.ready = REPORT.unpack(reports[-REPORT.size :])
            self.reported_at = monotonic()
        return bool(reports)

    def reap(self) -> None:
        """Wait for its process to end, killing it if need be, and schedule the next start."""
        assert self.channel is not None  # noqa: S101 it was selected
        assert self._process is not None  # noqa: S101 with its channel
        self.channel.close()
        self._process.join(_EXIT_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        stable = monotonic() - self._started_at > _STABLE_SECONDS
        self._delay = 0.0 if stable else min(_MAX_DELAY_SECONDS, max(_FIRST_DELAY_SECONDS, 2 * self._delay))
        self.start_at = monotonic() + self._delay
        details = {"worker": self._number, "exit_code": self._process.exitcode, "restart_seconds": self._delay}
        log.error("worker ended", extra=details)
        self._reset()

    def kill_if_hung(self) -> None:
        """Kill a process that has not reported for a minute; the closed channel then leads to `reap`."""
        if self._process is not None and monotonic() - (self.reported_at or self._started_at) > _HUNG_SECONDS:
            self._process.kill()

    def terminate(self) -> None:
        """Ask its process to drain and end."""
        if self._process is not None:
            self._process.terminate()

    def join(self) -> None:
        """Wait until its process has ended."""
        if self._process is not None and self.channel is not None:
            self._process.join()
            self.channel.close()


@contextmanager
def _stop_signals_blocked() -> Iterator[None]:
    """Hold back stop signals while a process starts, until it has handlers of its own."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)


def _run(entry: WorkerEntry, number: int, channel: socket.socket, clean_up: Sequence[Callable[[], None]]) -> None:
    """Run the entry in a worker's process, without the supervisor's signal handlers and descriptors."""
    for stop_signal in _STOP_SIGNALS:
        signal.signal(stop_signal, signal.SIG_DFL)
    for close in clean_up:
        close()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    entry(number, channel)


def _load(worker: _Worker) -> tuple[int, int]:
    """Return the sort key of workers for the next connection: fewest open ones first, then fewest ever sent."""
    return worker.open_connections, worker.sent
