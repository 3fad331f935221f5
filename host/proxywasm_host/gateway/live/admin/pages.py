"""The pages of the admin listener: whether the gateway is alive and takes requests, its configuration, its metrics."""

from __future__ import annotations

import asyncio
import datetime
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from proxywasm.wire import Fields

from ...console.server.pages import ConsolePages, is_for_console
from ...model import Gateway
from ...reloading import ReloadStatus
from ..http1.limits import ServerLimits
from ..http1.messages import Exchange, MessageError, RequestHead
from ..http1.server import ClientConnection
from ..listening import listen
from ..shared import Shared
from .exposition import exposition

_TEXT: Final = "text/plain; charset=utf-8"
_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def serving_admin(
    gateway: Gateway,
    shared: Shared,
    ready: Callable[[], bool],
    status: Callable[[], ReloadStatus],
    console: ConsolePages | None = None,
) -> AsyncIterator[None]:
    """Serve the pages on `admin` of the gateway file, if there is one, with those of the console if they belong there.
    Raises `LiveError` if it cannot be used."""
    if gateway.admin is None:
        yield
        return
    pages = AdminPages(shared, ready, status, console)
    await pages.start(listen("admin", gateway.admin))
    try:
        yield
    finally:
        pages.stop()


class AdminPages:
    """`ready`: whether requests are taken now; `status`: which configuration serves. Create it in the loop that is to
    serve."""

    def __init__(
        self,
        shared: Shared,
        ready: Callable[[], bool],
        status: Callable[[], ReloadStatus],
        console: ConsolePages | None,
    ) -> None:
        self._shared = shared
        self._ready = ready
        self._status = status
        self._console = console
        self._connections: set[ClientConnection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=listening)

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in [*self._connections]:
            connection.break_off()

    def _accept(self) -> ClientConnection:
        connection = ClientConnection(self, scheme="http", limits=ServerLimits(), closed=self._connections.discard)
        self._connections.add(connection)
        return connection

    # For connections.

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> Exchange:
        values = dict(head.fields)
        if self._console is not None and is_for_console(values[":path"].partition("?")[0]):
            return self._console.open_exchange(connection, head)
        status, kind, body = self._page(values[":method"], values[":path"].partition("?")[0])
        fields = [(":status", str(status)), ("content-type", kind), ("content-length", str(len(body)))]
        connection.send_head(fields, ends=False)
        connection.send_body(body)
        connection.send_end()
        return _Answered()

    def malformed(self, connection: ClientConnection, error: MessageError) -> tuple[Fields, bytes]:
        del connection
        return [(":status", str(error.status)), ("content-type", _TEXT)], f"{error}\n".encode()

    def _page(self, method: str, path: str) -> tuple[int, str, bytes]:
        if method not in ("GET", "HEAD"):
            return 405, _TEXT, b"only GET and HEAD\n"
        match path:
            case "/healthz":
                return 200, _TEXT, b"alive\n"
            case "/readyz":
                ready = self._ready()
                return (200, _TEXT, b"ready\n") if ready else (503, _TEXT, b"takes no requests\n")
            case "/metrics":
                return 200, _PROMETHEUS, exposition(self._shared)
            case "/config":
                return 200, "application/json", _described(self._status())
        return 404, _TEXT, b"there are /healthz, /readyz, /metrics and /config\n"


def _described(status: ReloadStatus) -> bytes:
    since = datetime.datetime.fromtimestamp(status.since, datetime.UTC).isoformat(timespec="milliseconds")
    document = {"generation": status.generation, "since": since, "refused": status.refused, "error": status.error}
    return json.dumps(document).encode() + b"\n"


class _Answered:
    """The exchange of a request that has its answer already."""

    def on_body(self, data: bytes) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields) -> None: ...

    def on_client_gone(self) -> None: ...

    def on_client_slow(self) -> None: ...

    def on_client_ready(self) -> None: ...

    def on_tunnel_data(self, data: bytes) -> None: ...
