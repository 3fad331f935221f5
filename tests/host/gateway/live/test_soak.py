"""20,000 streams through the live gateway and ai-proxy in Wasm, ended in every way, leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.host.serve_process import ROOT

from proxywasm_host.gateway.live.listening import listen
from proxywasm_host.gateway.live.origins import OriginLimits
from proxywasm_host.gateway.live.starting import start_plugins
from proxywasm_host.gateway.live.worker import LiveWorker
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.gateway.values import Address

STREAMS = 20_000
FIRST = 5_000
"""After so many everything has been used once: the streams that follow must not take more."""
AT_ONCE = 16
MODEL = "the fake model"
ENDS = ("whole", "stream", "client leaves", "upstream leaves", "refused")
EVENT = b'data:{"output":{"choices":[{"message":{"role":"assistant","content":"%d"},"finish_reason":"%b"}]}}\n\n'


@dataclass(frozen=True)
class Use:
    memory: int
    tasks: int
    threads: int
    files: int
    """Without the two ends of each connection between gateway and model."""
    connections: int
    """Between gateway and model: they wait for the next request."""

    @classmethod
    def now(cls) -> Use:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # `Path.iterdir` opens no fewer
        tasks = asyncio.all_tasks()
        connections = sum(task.get_name() == MODEL for task in tasks)
        return cls(
            pages * os.sysconf("SC_PAGE_SIZE"),
            len(tasks) - connections,
            threading.active_count(),
            files - 2 * connections,
            connections,
        )


async def serve_model(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """DashScope's own protocol. The text of the request says how the answer ends."""
    if (task := asyncio.current_task()) is not None:
        task.set_name(MODEL)
    with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        while await answer(reader, writer):
            pass
    writer.close()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """False: the connection is over."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(length)
    if b'"whole"' in body:
        whole = (EVENT % (1, b"stop")).removeprefix(b"data:").strip()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(whole), whole))
        return True
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(20):
        event = EVENT % (number, b"stop" if number == 19 else b"null")
        writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        await writer.drain()
        if number == 10 and b"leaves" in body:
            if b"client" in body:
                await reader.read(1)  # until the gateway closes the connection, because its client has left
            return False
    writer.write(b"0\r\n\r\n")
    return True


async def stream(port: int, end: str) -> str:
    """What has come of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        document = {"model": "m", "stream": end != "whole", "messages": [{"role": "user", "content": end}]}
        body = json.dumps(document if end != "refused" else {"model": "m"}).encode()
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        if end == "client leaves":
            await reader.readuntil(b'"content":"5"')
            return "left"
        data = await reader.read()
        return "refused" if b" 400 " in data[:20] else "ended" if b"[DONE]" in data or end == "whole" else "cut"
    finally:
        writer.transport.abort()


@pytest.mark.exhaustive
def test_nothing_is_left_of_streams_that_have_ended(ai_proxy_component: Path) -> None:
    assert ai_proxy_component.is_file()
    asyncio.run(soak())


async def soak() -> None:
    model = await asyncio.start_server(serve_model, "127.0.0.1", 0)
    provider = {"type": "qwen", "apiTokens": ["sk-0123456789abcdef"], "qwenEnableCompatible": False}
    plugin = {"name": "ai-proxy", "source": str(ROOT / "plugins" / "ai_proxy"), "config": {"provider": provider}}
    gateway = Gateway.model_validate({
        "listen": "127.0.0.1:1",
        "plugins": [plugin],
        "routes": [{"name": "all"}],
        "upstreams": {"dashscope.aliyuncs.com": f"http://127.0.0.1:{model.sockets[0].getsockname()[1]}"},
    })  # fmt: skip
    plugins = start_plugins(gateway, native=False, on_log=lambda _: None)
    worker = LiveWorker(gateway, plugins, log=lambda _: None)
    listening = listen("listen", Address("127.0.0.1", 0))
    await worker.start(listening)
    port = listening.getsockname()[1]
    came: Counter[str] = Counter()

    async def some(numbers: range) -> None:
        for number in numbers:
            came[await stream(port, ENDS[number % len(ENDS)])] += 1

    async def all_of(numbers: range) -> Use:
        async with asyncio.TaskGroup() as group:
            for first in range(AT_ONCE):
                group.create_task(some(numbers[first::AT_ONCE]))
        async with asyncio.timeout(30):
            while any(runner.streams for runner in plugins.plugins[0].pool.runners):
                await asyncio.sleep(0.1)
        await asyncio.sleep(3)  # longer than a connection lingers
        return Use.now()

    try:
        before = await all_of(range(FIRST))
        after = await all_of(range(FIRST, STREAMS))
    finally:
        await worker.stop(0)
        model.close()
    print(before, after)  # shown if the test fails, or with -s
    fifth = STREAMS // 5
    assert came == {"ended": 2 * fifth, "left": fifth, "cut": fifth, "refused": fifth}
    assert (after.tasks, after.threads, after.files) == (before.tasks, before.threads, before.files)
    assert after.connections <= OriginLimits().idle_connections
    assert after.memory < 1.05 * before.memory
