"""An upstream whose streams go on when the test says so: events of SSE, and frames of a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

SECONDS = 60.0


@dataclass
class Paced:
    """Each stream is answered with its head and a first piece, then with a piece for each `step`, and its end."""

    port: int = 0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    steps: int = 0
    last: int = 1 << 30
    """The step that is the last one."""
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def step(self, *, last: bool = False) -> None:
        """All streams send a piece; the last one ends them."""

        async def go_on() -> None:
            async with self.moved:
                self.steps += 1
                if last:
                    self.last = self.steps
                self.moved.notify_all()

        asyncio.run_coroutine_threadsafe(go_on(), self.loop).result(SECONDS)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                if "\r\nupgrade: websocket" in head:
                    writer.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
                    )
                    await self._pieces(writer, b"%b")
                    break
                if head.startswith("get /stream"):
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
                    writer.write(b"transfer-encoding: chunked\r\n\r\n")
                    await self._pieces(writer, b"9\r\n%b\r\n")
                    writer.write(b"0\r\n\r\n")
                else:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()

    async def _pieces(self, writer: asyncio.StreamWriter, framing: bytes) -> None:
        begun, sent = self.steps, 0
        writer.write(framing % piece(sent))
        while begun + sent < self.last:
            async with self.moved:
                while self.steps == begun + sent:
                    await self.moved.wait()
            sent += 1
            writer.write(framing % piece(sent))
            await writer.drain()


def piece(number: int) -> bytes:
    """Nine bytes."""
    return b"data: %1d\n\n" % (number % 10)


@contextlib.contextmanager
def paced() -> Iterator[Paced]:
    upstream = Paced()
    started, end = threading.Event(), asyncio.Event()

    async def main() -> None:
        server = await asyncio.start_server(upstream._accept, "127.0.0.1", 0, backlog=1024)
        upstream.port = server.sockets[0].getsockname()[1]
        started.set()
        await end.wait()
        server.close()
        streams = asyncio.all_tasks() - {asyncio.current_task()}
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: upstream.loop.run_until_complete(main()))
    thread.start()
    assert started.wait(SECONDS)
    try:
        yield upstream
    finally:
        upstream.loop.call_soon_threadsafe(end.set)
        thread.join()
        upstream.loop.close()
