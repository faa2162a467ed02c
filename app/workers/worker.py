"""A worker: a uvicorn server that is sent its connections by the supervisor instead of accepting them.

Tests: tests/app/workers/test_supervisor.py
"""

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
_MAX_UNREPORTED = 32  # well below what the supervisor sends without a report


def run_worker(
    create_app: Callable[[WorkerSlot], "ASGIApp"], slot: WorkerSlot, options: dict[str, Any], channel: socket.socket
) -> None:
    """Serve the connections that come through the channel until SIGTERM, or until the supervisor is gone.

    `create_app` is called in this process, once; its lifespan state has the `registry` of models. `options` are those
    of uvicorn.Config.
    """
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, lambda *_: sys.exit(0))  # uvicorn drains, then raises the signal again
    supervisor = os.getppid()
    WorkerServer(uvicorn.Config(create_app(slot), **options), channel).run(sockets=[])
    if os.getppid() != supervisor:  # it was killed, and could not remove the folder
        shutil.rmtree(slot.folder, ignore_errors=True)


class WorkerServer(uvicorn.Server):
    """A server that receives connections through a channel, and reports there how many came and how many ended."""

    def __init__(self, config: uvicorn.Config, channel: socket.socket) -> None:
        super().__init__(config)
        channel.setblocking(False)
        self._channel = channel
        self._received = 0
        self._ended = 0
        self._reported = 0
        self._next_report: asyncio.TimerHandle | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then receive connections."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel, self._receive)
        self._loaded_report = loop.create_task(self._report_when_loaded())
        self._report()

    async def on_tick(self, counter: int) -> bool:
        """Report every second, which shows the supervisor that the event loop runs."""
        if counter % _TICKS_PER_SECOND == 0:
            self._report()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Receive the connections that were sent already, but no more, and drain."""
        with suppress(OSError):  # the supervisor is gone
            self._channel.shutdown(socket.SHUT_RD)
            while self._receive():
                pass
        self._loaded_report.cancel()
        await asyncio.gather(*self._connecting, self._loaded_report, return_exceptions=True)
        await super().shutdown(sockets)

    @property
    def _registry(self) -> Registry:
        registry: Registry = self.lifespan.state["registry"]
        return registry

    async def _report_when_loaded(self) -> None:
        await self._registry.loaded.wait()
        self._report()

    def _receive(self) -> bool:
        """Receive one connection; return False if no more can come.

        One at a time, so that the loop also serves those that are open.
        """
        loop = asyncio.get_running_loop()
        data, ancillary, _, _ = self._channel.recvmsg(1, _DESCRIPTOR_SPACE)
        if not data:  # the supervisor is gone, or this server has begun to drain
            loop.remove_reader(self._channel)
            self.should_exit = True
            return False
        self._received += 1
        if ancillary:
            (descriptor,) = _DESCRIPTOR.unpack(ancillary[0][2])
            task = loop.create_task(self._connect(socket.socket(fileno=descriptor)))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
            self._report_soon()
        else:  # this process has no descriptor left for it
            self.count_ended()
        return True

    async def _connect(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: _CountedProtocol(self), connection)
        except OSError:  # the client has left already
            self.count_ended()

    def count_ended(self) -> None:
        """Count a connection that has ended."""
        self._ended += 1
        self._report_soon()

    def _report_soon(self) -> None:
        """Report once for all that comes and goes within a moment, because each report wakes the supervisor."""
        loop = asyncio.get_running_loop()
        if self._received - self._reported >= _MAX_UNREPORTED:
            self._report()
        elif self._next_report is None:
            self._next_report = loop.call_later(_REPORT_SECONDS, self._report)

    def _report(self) -> None:
        if self._next_report is not None:
            self._next_report.cancel()
            self._next_report = None
        ready = not self._registry.obstacles()
        try:
            self._channel.send(REPORT.pack(self._received, self._ended, ready))
            self._reported = self._received
        except BlockingIOError:  # a report has totals, so the next one makes up for this one
            pass
        except OSError:  # the supervisor is gone
            self.should_exit = True


class _CountedProtocol(PredictProtocol):
    """A connection that its server counts when it ends."""

    def __init__(self, server: WorkerServer) -> None:
        super().__init__(
            config=server.config, server_state=server.server_state, app_state=server.lifespan.state, _loop=None
        )
        self._server = server

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._server.count_ended()
