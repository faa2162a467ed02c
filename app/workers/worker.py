"""A worker: a uvicorn server that does not accept connections, but receives them from the supervisor."""

import asyncio
import os
import shutil
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from app.models.registry import Registry
from app.server.protocol import PredictProtocol
from app.workers.peers import WorkerSlot
from app.workers.supervisor import REPORT

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_DESCRIPTOR = struct.Struct("i")
_DESCRIPTOR_SPACE = socket.CMSG_LEN(_DESCRIPTOR.size)
_TICKS_PER_SECOND = 10
_REPORT_SECONDS = 0.02
_REPORT_TAKEN = 32  # well below what the supervisor sends without a report


def work(
    make_app: "Callable[[WorkerSlot], ASGIApp]", slot: WorkerSlot, options: dict[str, Any], channel: socket.socket
) -> None:
    """Serve the connections that come through the channel until SIGTERM, or until its other end is closed.

    `options` are uvicorn's.
    """
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, lambda *_: sys.exit(0))  # uvicorn drains, then raises it again
    supervisor = os.getppid()
    WorkerServer(uvicorn.Config(make_app(slot), **options), channel).run(sockets=[])
    if os.getppid() != supervisor:  # it was killed, and has left the folder to the workers
        shutil.rmtree(slot.folder, ignore_errors=True)


class WorkerServer(uvicorn.Server):
    """A server that receives connections from a channel, and reports on it how many were taken and have ended."""

    def __init__(self, config: uvicorn.Config, channel: socket.socket) -> None:
        super().__init__(config)
        channel.setblocking(False)
        self._channel = channel
        self._taken = 0
        self._ended = 0
        self._reported = 0
        self._due: asyncio.TimerHandle | None = None
        self._opening: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to receive connections from the channel, and to report."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel, self._take)
        self._loading = loop.create_task(self._report_when_loaded())
        self._report()

    async def on_tick(self, counter: int) -> bool:
        """Report every second, which shows that the event loop is alive."""
        if counter % _TICKS_PER_SECOND == 0:
            self._report()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the connections that are on their way, and no more, then let all requests finish."""
        with suppress(OSError):  # the supervisor is gone
            self._channel.shutdown(socket.SHUT_RD)
            while self._take():
                pass
        self._loading.cancel()
        await asyncio.gather(*self._opening, self._loading, return_exceptions=True)
        await super().shutdown(sockets)

    @property
    def _registry(self) -> Registry:
        registry: Registry = self.lifespan.state["registry"]
        return registry

    async def _report_when_loaded(self) -> None:
        await self._registry.loaded.wait()
        self._report()

    def _take(self) -> bool:
        """Take one connection, so that open ones get their turn; return False where no more can come."""
        loop = asyncio.get_running_loop()
        data, ancillary, _, _ = self._channel.recvmsg(1, _DESCRIPTOR_SPACE)
        if not data:  # the supervisor is gone, or this server has begun to drain
            loop.remove_reader(self._channel)
            self.should_exit = True
            return False
        self._taken += 1
        if ancillary:
            (descriptor,) = _DESCRIPTOR.unpack(ancillary[0][2])
            task = loop.create_task(self._open(socket.socket(fileno=descriptor)))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
            self._report_soon()
        else:  # this process has no descriptor left for it
            self.connection_ended()
        return True

    async def _open(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: _CountedConnection(self), connection)
        except OSError:  # the client has left already
            self.connection_ended()

    def connection_ended(self) -> None:
        """Count a connection that has ended, and report it soon."""
        self._ended += 1
        self._report_soon()

    def _report_soon(self) -> None:
        """Report all that happens within a moment at once: each report wakes the supervisor."""
        loop = asyncio.get_running_loop()
        if self._taken - self._reported >= _REPORT_TAKEN:
            self._report()
        elif self._due is None:
            self._due = loop.call_later(_REPORT_SECONDS, self._report)

    def _report(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        ready = not self._registry.obstacles()
        try:
            self._channel.send(REPORT.pack(self._taken, self._ended, ready))
            self._reported = self._taken
        except BlockingIOError:  # totals: the next report makes up for this one
            pass
        except OSError:  # the supervisor is gone
            self.should_exit = True


class _CountedConnection(PredictProtocol):
    """A connection that tells the server of its end."""

    def __init__(self, server: WorkerServer) -> None:
        super().__init__(
            config=server.config, server_state=server.server_state, app_state=server.lifespan.state, _loop=None
        )
        self._server = server

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._server.connection_ended()
