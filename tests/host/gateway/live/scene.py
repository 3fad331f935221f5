"""A gateway in our own host for tests: real sockets on both sides, and a plugin that does what the path says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxywasm_host.gateway.live.listening import listen
from proxywasm_host.gateway.live.plugins import LivePlugins
from proxywasm_host.gateway.live.starting import start_plugins
from proxywasm_host.gateway.live.worker import LiveWorker
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.gateway.values import Address
from proxywasm_host.services import LogRecord

PROBE = Path(__file__).parent / "plugins" / "probe.py"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Upstream:
    """Answers each request with the next of `answers`, byte for byte; a coroutine may do anything."""

    answers: list[bytes | Callable[[Upstream, asyncio.StreamWriter], Awaitable[None]]] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    closed: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    reads_bodies: bool = True

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                if not self.reads_bodies:
                    lines = []
                if b"transfer-encoding: chunked" in lines:
                    head += await reader.readuntil(b"0\r\n\r\n")
                for line in lines:
                    if line.startswith(b"content-length:"):
                        head += await reader.readexactly(int(line[15:]))
                self.requests.append(head)
                answer = self.answers.pop(0) if self.answers else OK
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(self, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            self.closed += 1
        finally:
            writer.close()


@dataclass
class Scene:
    gateway: LiveWorker
    port: int
    upstream: Upstream
    service: Upstream
    logs: list[LogRecord]
    messages: list[str]
    lines: list[str]
    """Of the access log, if there is one."""

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, path: str, *more: str, method: str = "GET", body: bytes = b"") -> bytes:
        """The whole response, on a connection of its own."""
        reader, writer = await self.connect()
        lines = [f"{method} {path} HTTP/1.1", "Host: a", "Connection: close", *more]
        writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body)
        data = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return data

    def done(self, path: str) -> int:
        return sum(record.message == f"done {path}" for record in self.logs)


def body_of(response: bytes) -> bytes:
    head, _, body = response.partition(b"\r\n\r\n")
    if b"chunked" not in head:
        return body
    assert body.endswith(b"\r\n0\r\n\r\n")
    return b"".join(body.split(b"\r\n")[1::2])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def upstreams(*servers: Upstream) -> AsyncIterator[None]:
    listeners = [await asyncio.start_server(server.accept, "127.0.0.1", 0) for server in servers]
    for server, listener in zip(servers, listeners, strict=True):
        server.port = listener.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        for listener in listeners:
            listener.close()


def native(gateway: Gateway, on_log: Callable[[LogRecord], None]) -> LivePlugins:
    return start_plugins(gateway, native=True, on_log=on_log)


def run(
    talk: Callable[[Scene], Awaitable[None]],
    *,
    plugins: int = 1,
    source: Path | Sequence[Path] = PROBE,
    limits: dict[str, Any] | None = None,
    start: Callable[[Gateway, Callable[[LogRecord], None]], LivePlugins] = native,
    **keys: Any,
) -> None:
    async def main() -> None:
        upstream, service = Upstream(), Upstream()
        sources = [source] * plugins if isinstance(source, Path) else source
        async with upstreams(upstream, service):
            gateway = Gateway.model_validate({
                "listen": "127.0.0.1:1",
                "plugins": [{"name": f"probe {place}", "source": str(file)} for place, file in enumerate(sources)],
                "routes": [
                    {"name": "free", "match": {"path": "/elsewhere"}},
                    {"name": "nowhere", "match": {"path": "/nowhere"}},
                    {"name": "gone", "match": {"path": "/gone"}, "upstream": "gone"},
                    {"name": "lost", "match": {"path": "/lost"}, "upstream": "lost"},
                    {"name": "all", "upstream": "main"},
                ],
                "upstreams": {
                    "main": f"http://127.0.0.1:{upstream.port}",
                    "service": f"http://127.0.0.1:{service.port}",
                    "gone": "http://127.0.0.1:1",
                    "lost": "http://nobody.invalid",
                },
                "limits": limits or {},
                **keys,
            })  # fmt: skip
            logs: list[LogRecord] = []
            messages: list[str] = []
            lines: list[str] = []
            worker = LiveWorker(gateway, start(gateway, logs.append), log=messages.append, access=lines.append)
            listening = listen("listen", Address("127.0.0.1", 0))
            await worker.start(listening)
            scene = Scene(worker, listening.getsockname()[1], upstream, service, logs, messages, lines)
            try:
                await asyncio.wait_for(talk(scene), 30)
            finally:
                await worker.stop(0)
        await asyncio.sleep(0.01)

    asyncio.run(main())
