"""An upstream that answers with the request as it has arrived: it shows authors what their plugin makes of it."""

from __future__ import annotations

import asyncio
from typing import Final

from proxywasm.wire import Fields

from ..http1.messages import RequestHead
from ..http1.server import ClientConnection
from .service import LoopbackService

EVENTS: Final = "/events"
"""The path whose answer is a stream of events, one for each line of the request."""
_PACE: Final = 0.2
"""Seconds between two events."""
_MOST: Final = 32 * 2**20
"""Bytes of a request's body."""


class EchoService(LoopbackService):
    def __init__(self) -> None:
        super().__init__(_Echo)


class _Echo:
    def __init__(self, connection: ClientConnection, head: RequestHead) -> None:
        self._connection = connection
        self._head = head
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None

    def on_body(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _MOST:
            self._connection.break_off()

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        self.on_body(rest)
        lines = [*_lines(self._head.fields), *(f"{name}: {value}" for name, value in trailers)]
        path = dict(self._head.fields)[":path"]
        if path.partition("?")[0] == EVENTS:
            self._task = asyncio.get_running_loop().create_task(self._stream(lines))
        else:
            self._answer("\n".join(lines).encode(errors="surrogateescape") + b"\n")

    def _answer(self, head: bytes) -> None:
        body = head + (b"\n" + self._body if self._body else b"")
        fields = [(":status", "200"), ("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))]
        self._connection.send_head(fields, ends=False)
        self._connection.send_body(body)
        self._connection.send_end()

    async def _stream(self, lines: list[str]) -> None:
        self._connection.send_head([(":status", "200"), ("content-type", "text/event-stream")], ends=False)
        for line in lines:
            self._connection.send_body(f"data: {line}\n\n".encode(errors="surrogateescape"))
            await asyncio.sleep(_PACE)
        self._connection.send_end()

    def on_client_gone(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def on_client_slow(self) -> None: ...

    def on_client_ready(self) -> None: ...

    def on_tunnel_data(self, data: bytes) -> None: ...


def _lines(fields: Fields) -> list[str]:
    """As HTTP/1.1 writes them."""
    values = dict(fields)
    names = {":authority": "host"}
    return [
        f"{values[':method']} {values[':path']}",
        *(f"{names.get(name, name)}: {value}" for name, value in fields if name in names or not name.startswith(":")),
    ]
