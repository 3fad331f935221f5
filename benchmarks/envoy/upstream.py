"""A model service for measurements: answers at once, in the protocol of OpenAI or natively in that of DashScope.

    python -m benchmarks.envoy.upstream [PORT]

prints its port and serves on loopback until its standard input ends. What a request wants stands in its prompt:
`chunks=100` is a stream of so many pieces of text, `pause=0.2` so many seconds between two of them.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Final

from .reading import Reader

_CHUNKS: Final = re.compile(rb"chunks=(\d+)")
_PAUSE: Final = re.compile(rb"pause=([\d.]+)")
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.I)
_TEXT: Final = "你好, world: some words "
_USAGE: Final = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _openai_event(delta: object, finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1735689600, "model": "qwen-max"}
    return b"data: " + _json({**head, "choices": [choice]}) + b"\n\n"


def _native_event(text: str, finish: str) -> bytes:
    output = {"choices": [{"message": {"content": text, "role": "assistant"}, "finish_reason": finish}]}
    usage = {"total_tokens": 30, "input_tokens": 21, "output_tokens": 9}
    event = {"output": output, "usage": usage, "request_id": "f2f6f0e4-3a3c-9bd2-9d8f-4a8e6a1b2c3d"}
    return b"id:1\nevent:result\n:HTTP_STATUS/200\ndata:" + _json(event) + b"\n\n"


class _Service:
    """The answers of one protocol, made once."""

    def __init__(self, whole: bytes, piece: bytes, end: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(whole)
        self.whole = head + whole
        self.piece = _chunk(piece)
        self.end = _chunk(end) + b"0\r\n\r\n"


_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_MESSAGE: Final = {"role": "assistant", "content": _TEXT * 8}
_OPENAI: Final = _Service(
    _json(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1735689600,
            "model": "qwen-max",
            "choices": [{"index": 0, "message": _MESSAGE, "logprobs": None, "finish_reason": "stop"}],
            "usage": _USAGE,
        }
    ),
    _openai_event({"content": _TEXT}, None),
    _openai_event({}, "stop") + b"data: [DONE]\n\n",
)
_NATIVE: Final = _Service(
    _json(
        {
            "output": {"choices": [{"finish_reason": "stop", "message": _MESSAGE}]},
            "usage": {"total_tokens": 30, "output_tokens": 9, "input_tokens": 21},
            "request_id": "f2f6f0e4-3a3c-9bd2-9d8f-4a8e6a1b2c3d",
        }
    ),
    _native_event(_TEXT, "null"),
    _native_event("", "stop"),
)


class _Connection(Reader):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        data = self._waiting + data
        head, blank, body = data.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        # A body without length is chunked, and ends with the chunk of size 0.
        whole = len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n") or b"chunked" not in head
        if not blank or not whole:
            self._waiting = data
            return
        self._waiting = b""
        assert self._transport is not None
        service = _NATIVE if b"/services/aigc/" in head else _OPENAI
        if chunks := _CHUNKS.search(body):
            pause = _PAUSE.search(body)
            self._task = asyncio.get_running_loop().create_task(
                self._stream(service, int(chunks[1]), float(pause[1]) if pause else 0)
            )
        else:
            self._transport.write(service.whole)

    async def _stream(self, service: _Service, chunks: int, pause: float) -> None:
        assert self._transport is not None
        self._transport.write(_HEAD)
        for _ in range(chunks):
            # Without a pause, too, it is other connections' turn: so that chunks go out one by one.
            await asyncio.sleep(pause)
            self._transport.write(service.piece)
        self._transport.write(service.end)


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
