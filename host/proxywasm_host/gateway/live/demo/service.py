"""Services on loopback: a fake model, in DashScope's own protocol and OpenAI's, streamed at the pace of a reader."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

from proxywasm.wire import Fields

from ...values import Address
from ..http1.limits import ServerLimits
from ..http1.messages import MessageError, RequestHead
from ..http1.server import ClientConnection
from ..listening import listen
from . import dashscope, openai

_LARGEST: Final = 32 * 2**20
_WHOLE: Final = {
    dashscope.CHAT: dashscope.whole,
    dashscope.MULTIMODAL: dashscope.whole,
    dashscope.EMBEDDINGS: dashscope.embeddings,
    openai.CHAT: openai.whole,
    openai.EMBEDDINGS: openai.embeddings,
}
_EVENTS: Final = {
    dashscope.CHAT: dashscope.events,
    dashscope.MULTIMODAL: dashscope.events,
    openai.CHAT: openai.events,
}
_COMPATIBLE: Final = "/compatible-mode"
_CHAT_OF_GITHUB: Final = "/chat/completions"


class LoopbackService:
    """Listens on a port of its own. `answer` makes the exchange of a request."""

    def __init__(self, answer: Callable[[ClientConnection, RequestHead], Any]) -> None:
        self.port = 0
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._connections: set[ClientConnection] = set()

    async def start(self, listening: socket.socket | None = None) -> None:
        """On this socket, or a new one."""
        listening = listening or listen("", Address("127.0.0.1", 0))
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=listening)
        self.port = listening.getsockname()[1]

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

    def open_exchange(self, connection: ClientConnection, head: RequestHead) -> Any:
        return self._answer(connection, head)

    def malformed(self, connection: ClientConnection, error: MessageError) -> tuple[Fields, bytes]:
        del connection
        return [(":status", str(error.status))], str(error).encode()


class FakeService(LoopbackService):
    """`pace` is the seconds between two pieces of a text."""

    def __init__(self, pace: float = 0.04) -> None:
        super().__init__(lambda connection, head: _Exchange(connection, head, pace))


class _Exchange:
    def __init__(self, connection: ClientConnection, head: RequestHead, pace: float) -> None:
        self._connection = connection
        self._headers = dict(head.fields)
        self._pace = pace
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None

    def on_body(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _LARGEST:
            self._connection.break_off()

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        del trailers
        self.on_body(rest)
        path = self._headers[":path"].partition("?")[0].removeprefix(_COMPATIBLE)
        if path == _CHAT_OF_GITHUB:
            path = openai.CHAT
        error = openai.error if path.startswith("/v1/") else dashscope.error
        try:
            body = json.loads(self._body)
        except ValueError:
            body = None
        if path == openai.MODELS and self._headers[":method"] == "GET":
            self._answer(200, openai.models())
        elif path not in _WHOLE:
            self._answer(404, error("the demo does not have this API"))
        elif not isinstance(body, dict):
            self._answer(400, error("the body is no JSON object"))
        elif path in _EVENTS and (body.get("stream") is True or "event-stream" in self._headers.get("accept", "")):
            done = path == openai.CHAT
            self._task = asyncio.get_running_loop().create_task(self._stream(_EVENTS[path](body), done=done))
        else:
            self._answer(200, _WHOLE[path](body))

    def on_client_gone(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def on_client_slow(self) -> None: ...

    def on_client_ready(self) -> None: ...

    def on_tunnel_data(self, data: bytes) -> None: ...

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        fields = [(":status", str(status)), ("content-type", "application/json"), ("content-length", str(len(data)))]
        self._connection.send_head(fields, ends=False)
        self._connection.send_body(data)
        self._connection.send_end()

    async def _stream(self, events: Iterator[dict[str, Any]], *, done: bool) -> None:
        self._connection.send_head([(":status", "200"), ("content-type", "text/event-stream")], ends=False)
        for event in events:
            self._connection.send_body(b"data: %b\n\n" % json.dumps(event).encode())
            await asyncio.sleep(self._pace)
        if done:
            self._connection.send_body(b"data: [DONE]\n\n")
        self._connection.send_end()
