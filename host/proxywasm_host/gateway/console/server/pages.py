"""The listener of the console: its page, the files of that, and the paths of the API."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from proxywasm.wire import Fields

from ...live.http1.limits import ServerLimits
from ...live.http1.messages import Exchange, MessageError, RequestHead
from ...live.http1.server import ClientConnection
from ...pages import Pages
from ...pages.headers import SECURITY
from .guard import Guard
from .http import Answer, ApiError, ConsoleExchange, Reply, Request, json_answer

PREFIX: Final = "/console/api/"


class ConsolePages:
    """`api` answers a request below `PREFIX` whose host, origin and token are right. Create it in the loop that is to
    serve."""

    def __init__(self, guard: Guard, api: Callable[[Request], Awaitable[Reply]]) -> None:
        self._guard = guard
        self._api = api
        self._pages = Pages(("console",))
        self._connections: set[ClientConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """For a listener of its own."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=listening)

    async def stop(self) -> None:
        """End all answers, also those on the listener of others."""
        if self._server is not None:
            self._server.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in [*self._connections]:
            connection.break_off()

    def _accept(self) -> ClientConnection:
        connection = ClientConnection(self, scheme="http", limits=ServerLimits(), closed=self._connections.discard)
        self._connections.add(connection)
        return connection

    # For connections.

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> Exchange:
        headers = dict(head.fields)
        path = headers[":path"].partition("?")[0]
        if path.startswith(PREFIX):
            admitted, handler = self._guard.has_token(headers), self._api_request
        else:
            admitted, handler = True, self._page
        exchange = ConsoleExchange(connection, head, handler, admitted, failed, SECURITY, self._tasks)
        exchange.begin()
        return exchange

    def malformed(self, connection: ClientConnection, error: MessageError) -> tuple[Fields, bytes]:
        del connection
        return [(":status", str(error.status)), ("content-type", "text/plain"), *SECURITY], f"{error}\n".encode()

    async def _api_request(self, request: Request) -> Reply:
        self._guard.check_host(request.headers, request.client)
        self._guard.check_origin(request.headers, request.client)
        await self._guard.check_token(request.headers, request.client)
        return await self._api(request)

    async def _page(self, request: Request) -> Reply:
        self._guard.check_host(request.headers, request.client)
        if (found := self._pages.answer(request.headers)) is not None:
            fields = [pair for pair in found.fields[1:] if pair[0] != "content-length" and pair not in SECURITY]
            return Answer(found.status, fields, found.body)
        raise ApiError(404, "not_found", "there is /console")


def is_for_console(path: str) -> bool:
    """Whether a path of a listener that has other pages, too, is one of the console."""
    return path == "/console" or path.startswith((PREFIX, "/pages/"))


def failed(error: ApiError) -> Answer:
    return json_answer(error.document, error.status, error.fields)
