"""How much memory the workers of `proxywasm serve` take: at rest, and with 1,000 streams that ai-proxy converts."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

import yaml

_EVENT: Final = {
    "output": {"choices": [{"message": {"role": "assistant", "content": "word "}, "finish_reason": "null"}]},
    "usage": {"input_tokens": 1, "output_tokens": 1},
    "request_id": "r",
}
_PACE: Final = 0.2
_SETTLED: Final = 3.0
"""Seconds until everybody has had a few events."""
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


async def measure(workers: int, streams: int) -> list[str]:
    """The table, as Markdown."""
    server = await asyncio.start_server(_stream, "127.0.0.1", 0, backlog=1024)
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        file = Path(folder, "gateway.yaml")
        file.write_text(yaml.safe_dump(_gateway(workers, port, server.sockets[0].getsockname()[1])))
        tool = Path(sys.executable).with_name("proxywasm")
        process = await asyncio.create_subprocess_exec(tool, "serve", file, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        ready = (await process.stdout.readline()).decode()
        assert ready.startswith("ready"), ready
        try:
            pids = _workers(process.pid) or [process.pid]
            first = [_kilobytes(pid) for pid in pids]
            connections = await asyncio.gather(*[_ask(port) for _ in range(streams)])
            await asyncio.sleep(_SETTLED)
            loaded = [_kilobytes(pid) for pid in pids]
            for _, writer in connections:
                writer.close()
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
    server.close()
    head = f"| worker | at rest | with {streams:,} streams over {workers} |"
    rows = [
        f"| {place} | {before} | {after} |" for place, (before, after) in enumerate(zip(first, loaded, strict=True))
    ]
    return [head, "| --- | ---: | ---: |", *rows]


def _gateway(workers: int, port: int, upstream: int) -> dict[str, object]:
    provider = {"type": "qwen", "apiTokens": ["sk-0123456789"], "qwenEnableCompatible": False}
    return {
        "listen": f"127.0.0.1:{port}",
        "workers": workers,
        "plugins": [{"name": "ai-proxy", "source": "ai_proxy", "config": {"provider": provider}}],
        "routes": [{"name": "models"}],
        "upstreams": {"dashscope.aliyuncs.com": f"http://127.0.0.1:{upstream}"},
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _workers(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kilobytes(pid: int) -> str:
    """What is resident now, and the most that was."""
    status = Path(f"/proc/{pid}/status").read_text()
    now, most = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1000 for name in ("VmRSS", "VmHWM"))  # type: ignore[index]
    return f"{now:.0f} MB (at most {most:.0f})"


async def _ask(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"model": "qwen-max", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    data = await reader.read(65536)
    assert data.startswith(b"HTTP/1.1 200"), data
    return reader, writer


async def _stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as DashScope does, until nobody listens."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_HEAD)
        while not writer.is_closing():
            writer.write(f"data:{json.dumps(_EVENT)}\n\n".encode())
            await writer.drain()
            await asyncio.sleep(_PACE)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()
