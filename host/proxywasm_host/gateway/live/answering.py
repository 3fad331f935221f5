"""A service that gives the same answer to every request, on a port of its own on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from proxywasm.wire import Fields

from .http1.limits import ServerLimits
from .http1.messages import MessageError, RequestHead
from .http1.server import ClientConnection

_PAUSE = 0.01
"""Seconds between two chunks: they arrive as two."""


@dataclass(frozen=True, slots=True)
class FixedAnswer:
    status: int
    content_type: str
    chunks: Sequence[bytes]


class AnsweringService:
    def __init__(self, answer: FixedAnswer) -> None:
        self.port = 0
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._connections: set[ClientConnection] = set()

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in [*self._connections]:
            connection.break_off()
        while self._connections:
            await asyncio.sleep(0)

    def _accept(self) -> ClientConnection:
        made = ClientConnection(self, scheme="http", limits=ServerLimits(), closed=self._connections.discard)
        self._connections.add(made)
        return made

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> _Exchange:
        return _Exchange(connection, head, self._answer)

    def malformed(self, connection: ClientConnection, error: MessageError) -> tuple[Fields, bytes]:
        del connection
        return [(":status", str(error.status))], str(error).encode()


class _Exchange:
    def __init__(self, connection: ClientConnection, head: RequestHead, answer: FixedAnswer) -> None:
        self._connection = connection
        self._answer = answer
        self._task: asyncio.Task[None] | None = None
        if head.ends:
            self.on_end(b"", [])

    def on_body(self, data: bytes) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        del rest, trailers
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send())

    def on_client_gone(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def on_client_slow(self) -> None: ...

    def on_client_ready(self) -> None: ...

    def on_tunnel_data(self, data: bytes) -> None: ...

    async def _send(self) -> None:
        answer = self._answer
        fields = [(":status", str(answer.status)), ("content-type", answer.content_type)]
        if len(answer.chunks) <= 1:
            fields.append(("content-length", str(sum(map(len, answer.chunks)))))
        self._connection.send_head(fields, ends=not answer.chunks)
        for chunk in answer.chunks:
            self._connection.send_body(chunk)
            await asyncio.sleep(_PAUSE)
        if answer.chunks:
            self._connection.send_end()
