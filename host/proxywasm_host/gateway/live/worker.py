"""One event loop that serves a gateway file: its listener, its clients, the file's newest version and older ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

from proxywasm.wire import Fields

from ..certificates import server_context
from ..model import Gateway
from .access import AccessLine
from .connections import ClientConnections, Refused
from .generation import Generation
from .handshake import Handshake, ServerTls
from .http1.limits import ServerLimits
from .http1.messages import MessageError, RequestHead
from .http1.server import ClientConnection
from .listening import BACKLOG
from .metrics import GatewayMetrics
from .observed import OpenStream, Watcher
from .open_files import most_clients
from .plugins import LivePlugins
from .recording import Recorder
from .tracing import Tracing

_HEARTBEAT: Final = 0.05
"""Seconds between looks at ticks and time limits."""


class LiveWorker:
    """Create it in the loop that is to serve; `start`, and `stop` at the end.

    `log` gets messages for operators, `access` each stream that has ended, if the file wants an access log.
    `metrics` counts the streams, `tracing` makes a span of each, `recorder` a recording, `watcher` shows them.
    """

    def __init__(
        self,
        gateway: Gateway,
        plugins: LivePlugins,
        *,
        log: Callable[[str], None],
        access: Callable[[AccessLine], None] = lambda _: None,
        metrics: GatewayMetrics | None = None,
        tracing: Tracing | None = None,
        recorder: Recorder | None = None,
        watcher: Watcher | None = None,
        number: int = 1,
    ) -> None:
        """`number`: of the configuration, which counts on when another one takes over."""
        self._log = log
        self._access = access
        self._metrics = metrics
        self._tracing = tracing
        self._recorder = recorder
        self._watcher = watcher
        self._number = number - 1
        self._loop = asyncio.get_running_loop()
        self._connections = ClientConnections(most_clients(gateway, log), log)
        self._tls: ServerTls | None = None
        self._server: asyncio.Server | None = None
        self._heart: asyncio.Task[None] | None = None
        self._older: set[Generation] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._serve(gateway, plugins)
        if watcher is not None:
            watcher.watch(self)

    async def start(self, listening: socket.socket) -> None:
        self._tls = self._server_tls(self._newest.gateway)
        self._server = await self._loop.create_server(self._accept, sock=listening, backlog=BACKLOG)
        self._heart = self._loop.create_task(self._beat())
        self._newest.settle()

    def take_over(self, gateway: Gateway, plugins: LivePlugins) -> None:
        """Serve new requests with these, also of clients that are connected. Requests under way keep what they have.

        Raises `OSError` if the certificate cannot be used; then everything is as it was.
        """
        tls = self._server_tls(gateway)
        before = self._newest
        self._tls = tls
        self._connections.most = most_clients(gateway, self._log)
        self._serve(gateway, plugins)
        self._older.add(before)
        before.retire()
        self._newest.settle()

    def _server_tls(self, gateway: Gateway) -> ServerTls | None:
        if gateway.tls is None:
            return None
        context = server_context(gateway.tls.certificate, gateway.tls.key)
        return ServerTls(context, gateway.limits.request_head, self._server_limits.linger_seconds)

    def _serve(self, gateway: Gateway, plugins: LivePlugins) -> None:
        limits = gateway.limits
        self._server_limits = ServerLimits(
            head=limits.headers, head_seconds=limits.request_head, keep_alive_seconds=limits.keep_alive
        )
        if self._metrics is not None:
            self._metrics.serve(gateway)
        self._number = number = self._number + 1
        self._newest = Generation(
            gateway,
            plugins,
            log=self._log,
            tracing=self._tracing,
            recorder=self._recorder,
            watcher=self._watcher,
            number=number,
            ended=lambda line: self._ended(line, gateway, number),
            over=self._end,
        )

    def _end(self, generation: Generation) -> None:
        if generation in self._older:
            self._older.discard(generation)
            # Not at once: what has ended its last stream is still running.
            task = self._loop.create_task(generation.close())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Take no more requests, wait for those under way, and end what is left then; by default after
        `limits.drain`."""
        if self._server is not None:
            self._server.close()
        for connection in [*self._connections]:
            connection.drain()
        grace = self._newest.gateway.limits.drain if grace_seconds is None else grace_seconds
        end = self._loop.time() + grace
        while self._open_streams() and self._loop.time() < end:
            await asyncio.sleep(_HEARTBEAT)
        for connection in [*self._connections]:
            connection.break_off()
        if self._heart is not None:
            self._heart.cancel()
        for generation in [*self._older, self._newest]:
            await generation.close()
        await asyncio.gather(*self._ending)

    def _generations(self) -> list[Generation]:
        return [*self._older, self._newest]

    def open_streams(self) -> list[OpenStream]:
        """The oldest first."""
        return [stream for generation in self._generations() for stream in generation.streams()]

    def _open_streams(self) -> int:
        return sum(generation.open_streams for generation in self._generations())

    # For connections.

    def _accept(self) -> asyncio.BaseProtocol:
        if self._connections.full():
            return Refused()
        return (
            self._connection()
            if self._tls is None
            else Handshake(self._tls, self._connections, self._connection, self._log)
        )

    def _connection(self) -> ClientConnection:
        return ClientConnection(
            self,
            scheme="http" if self._tls is None else "https",
            limits=self._server_limits,
            opened=self._connections.add,
            closed=self._connections.discard,
        )

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> Any:
        return self._newest.open_exchange(connection, head)

    def malformed(self, connection: ClientConnection, error: MessageError) -> tuple[Fields, bytes]:
        self._log(f"a request of {connection.address} was refused: {error}")
        return [(":status", str(error.status)), ("content-type", "text/plain")], f"{error}\n".encode()

    def _ended(self, access: AccessLine, gateway: Gateway, number: int) -> None:
        access.ends()
        if gateway.access_log:
            self._access(access)
        if self._metrics is not None:
            self._metrics.count(access)
        if self._tracing is not None:
            self._tracing.end(access)
        if self._watcher is not None:
            self._watcher.ended(access, number)

    async def _beat(self) -> None:
        shown = 0.0
        while True:
            for generation in self._generations():
                generation.tick()
            if self._metrics is not None and self._loop.time() - shown >= 1:
                shown = self._loop.time()
                self._metrics.show(
                    streams=self._open_streams(), connections=len(self._connections), older=len(self._older)
                )
            await asyncio.sleep(_HEARTBEAT)
