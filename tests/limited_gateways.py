"""Gateways with limits, as users run them, for tests: several workers or gateways, hundreds of streams at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.host.gateway.both import Engine
from tests.host.serve_process import free_port, serving

from proxywasm_host.gateway import read
from proxywasm_host.gateway.envoy import bootstrap, build_modules, find_ca_file
from proxywasm_host.gateway.envoy.background import BackgroundEnvoy

SECONDS = 60
_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


@dataclass
class Service:
    """Answers requests once `go_on` is set, and knows how many were under way at the same time."""

    answer: bytes = b"{}"
    port: int = 0
    now: int = 0
    most: int = 0
    all: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self.connections.add(connection)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self.connections.discard(connection)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the other side is still there."""
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line[15:]))
        self.now += 1
        self.all += 1
        self.most = max(self.most, self.now)
        left, waits = asyncio.create_task(reader.read(1)), asyncio.create_task(self.go_on.wait())
        try:
            await asyncio.wait([left, waits], return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                return False
        finally:
            self.now -= 1
            for task in (left, waits):
                task.cancel()
            await asyncio.gather(left, waits, return_exceptions=True)
        writer.write(_OK % (len(self.answer), self.answer))
        return True


@contextlib.asynccontextmanager
async def service(answer: bytes = b"{}") -> AsyncIterator[Service]:
    found = Service(answer)
    server = await asyncio.start_server(found.accept, "127.0.0.1", 0, backlog=1000)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        connections = list(found.connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await asyncio.sleep(0)


async def status(port: int, path: str = "/", body: bytes = b"", headers: str = "") -> int:
    """Of the response to a request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    method = "POST" if body else "GET"
    head = f"{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}content-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        answer = await asyncio.wait_for(reader.read(), SECONDS)
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1])


def plugin_of(engine: Engine, name: str, config: Mapping[str, Any], module: Path | None) -> dict[str, Any]:
    if engine == "serve":
        return {"name": name, "source": name, "config": dict(config)}
    return {"name": name, "module": str(module), "config": {"plugin": name, "config": json.dumps(config)}}


@contextlib.contextmanager
def gateway(
    engine: Engine, folder: Path, workers: int, plugin: dict[str, Any], upstreams: dict[str, str]
) -> Iterator[int]:
    """The port."""
    port = free_port()
    content = {
        "listen": f"127.0.0.1:{port}",
        "workers": workers,
        "plugins": [plugin],
        "routes": [{"name": "all", "upstream": "service"}],
        "upstreams": upstreams,
    }
    file = folder / f"gateway-{port}.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    if engine == "serve":
        with serving(str(file), "--native"):
            yield port
    else:
        found = read(file, {}, engine="envoy")
        config = bootstrap(found, build_modules(found), find_ca_file(found))
        with BackgroundEnvoy(config, workers=workers):
            yield port


async def until(condition: Any) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)
