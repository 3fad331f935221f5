"""Clients for measurements: so many connections that ask again as soon as they are answered.

    python -m benchmarks.envoy.load PROCESSOR PORT CONNECTIONS SECONDS CHUNKS PAUSE [HEADER]...

prints what came of it as JSON; see `Report`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from .reading import Reader

_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.I)


@dataclass(slots=True)
class Report:
    requests: int
    """That were answered in full, with status 200."""
    events: int
    """Of server-sent events in these answers."""
    failures: int
    seconds: float
    latency: float
    """Median of the time from a request to the end of its answer, in seconds."""
    first_byte: float
    """Likewise to the first byte of its answer's body. A head alone answers nothing."""


class _Client(Reader):
    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._length: int | None = None
        self._asked = 0.0
        self._begin()

    def _begin(self) -> None:
        self._head = b""
        self._got = 0
        self._events = 0
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        assert self._transport is not None
        self._begin()
        self._asked = time.perf_counter()
        self._transport.write(self._tally.request)

    def data_received(self, data: bytes) -> None:
        if not self._tail and not self._got:
            self._head += data
            head, blank, data = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            length = _LENGTH.search(head)
            self._length = int(length[1]) if length else None
        if data and not self._got:
            self._tally.first.append(time.perf_counter() - self._asked)
        self._got += len(data)
        self._events += data.count(b"data:")
        self._tail = (self._tail + data)[-5:]
        whole = self._tail == b"0\r\n\r\n" if self._length is None else self._got >= self._length
        if whole:
            self._done()

    def _done(self) -> None:
        tally = self._tally
        tally.latencies.append(time.perf_counter() - self._asked)
        if self._head.startswith(b"HTTP/1.1 200"):
            tally.requests += 1
            tally.events += self._events
        else:
            tally.failures += 1
        if time.perf_counter() < tally.until:
            self._ask()
        else:
            tally.leave()

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if not self._tally.over.done():
            self._tally.failures += 1
            self._tally.leave()


class _Tally:
    def __init__(self, request: bytes, connections: int, seconds: float) -> None:
        self.request = request
        self.until = time.perf_counter() + seconds
        self.requests = self.events = self.failures = 0
        self.latencies: list[float] = []
        self.first: list[float] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running = connections

    def leave(self) -> None:
        self._running -= 1
        if self._running == 0 and not self.over.done():
            self.over.set_result(None)


def request(chunks: int, pause: float, headers: Sequence[str] = ()) -> bytes:
    """A chat; with chunks, one whose answer is a stream. `headers` are further ones, `name: value`."""
    prompt = f"Tell me something. chunks={chunks} pause={pause}" if chunks else "Tell me something."
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": f"你好. {prompt}"},
    ]
    document = {"model": "gpt-4o", "messages": messages, "temperature": 0.7, "max_tokens": 200}
    body = json.dumps(document | ({"stream": True} if chunks else {}), ensure_ascii=False).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway.example.com\r\ncontent-type: application/json\r\n"
        "user-agent: proxywasm-bench\r\naccept: */*\r\n"
    )
    if not any(header.lower().startswith("authorization:") for header in headers):
        headers = [*headers, "authorization: Bearer sk-client"]
    head += "".join(f"{header}\r\n" for header in headers)
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def load(
    port: int, connections: int, seconds: float, chunks: int, pause: float, headers: Sequence[str] = ()
) -> Report:
    """No new request is sent after so many seconds; those that run are waited for."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    tally = _Tally(request(chunks, pause, headers), connections, seconds)
    transports = [
        (await loop.create_connection(lambda: _Client(tally), "127.0.0.1", port))[0] for _ in range(connections)
    ]
    await tally.over
    took = time.perf_counter() - started
    for transport in transports:
        transport.close()
    return Report(
        tally.requests,
        tally.events,
        tally.failures,
        took,
        statistics.median(tally.latencies or [0]),
        statistics.median(tally.first or [0]),
    )


if __name__ == "__main__":
    processor, port, connections, seconds, chunks, pause, *headers = sys.argv[1:]
    os.sched_setaffinity(0, {int(processor)})
    report = asyncio.run(load(int(port), int(connections), float(seconds), int(chunks), float(pause), headers))
    print(json.dumps(asdict(report)))
