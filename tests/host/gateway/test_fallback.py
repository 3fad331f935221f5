"""Which failures lead to the next provider of ai-proxy, in both engines: the table of docs/routing.md.

In each of them the answer of the next provider streams: its second part is sent when the client has the first.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.both import Engine, running
from tests.host.gateway.live.scene import body_of
from tests.host.gateway.live.test_routing import SOURCE, STAGES, Service, is_whole, provider

from proxywasm_host.testing import chat_stream

ROOT = Path(__file__).parents[3]
TOO_LONG = b'{"error":{"message":"maximum context length is 8192 tokens","type":"x","code":"context_length_exceeded"}}'
FILTERED = b'{"error":{"message":"no","type":"x","code":"content_filter"}}'
CELLS = {
    "connection refused": "gone",
    "connection closed before the response": "closes",
    "response that is no HTTP": "no HTTP",
    "no first byte in time": "never",
    "status of `onStatus`": "busy",
    "status of `onStatus` without body": "limited",
    "error as the first event of a stream": "error first",
    "request too long for the model": "too long",
    "refusal by the content filter": "filtered",
    "answer or stream of status 200 that the filter has refused": "filtered stream",
    "error whose body is broken off": "cut error",
    "stream broken off before its first event": "cut stream",
    "stream without an event in time after its headers": "silent",
    "whole answer broken off": "cut answer",
    "whole answer without a byte in time after its headers": "silent answer",
}
"""The rows of the table, and what the service does."""
IN_TIME = ("no first byte in time", *(row for row in CELLS if "in time after its headers" in row))
"""The rows where the gateway itself gives up, before the service does."""
MORE = {
    "too long": b"HTTP/1.1 400 X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(TOO_LONG), TOO_LONG),
    "filtered": b"HTTP/1.1 400 X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(FILTERED), FILTERED),
    "filtered stream": b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}\n\ndata: [DONE]\n\n',
}
CONFIG: dict[str, Any] = {
    "providers": [
        provider("gone", ["gone-1"], models=["g"]),
        provider("bad", ["bad-1"], models=["m"]),
        provider("good", ["good-1"]),
    ],
    "routing": {
        "fallback": {
            "firstByteTimeout": 500,
            "on": ["connect", "firstByte", "status", "badAnswer", "contextLength", "contentFilter"],
            "models": {"m": {"then": ["good"]}, "g": {"then": ["good"]}},
        },
        "routeHeader": True,
    },
}


class Gated(Service):
    """Sends the rest of a stream when `arrived` is set."""

    arrived: asyncio.Event

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)  # so that the next request does not get the connection that the failing one closes
        role, first, *rest = chat_stream(["Hel", "lo"]).body
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + role + first)
        await writer.drain()
        await asyncio.wait_for(self.arrived.wait(), 20)
        writer.write(b"".join(rest))


async def ask(port: int, text: str, model: str, good: Gated) -> tuple[bytes, bytes]:
    """Head and body of the whole response. The rest of a stream is sent when its beginning is here."""
    good.arrived = asyncio.Event()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": text}]}).encode()
    lines = ["POST /v1/chat/completions HTTP/1.1", "Host: a", "Connection: close", "Content-Type: application/json"]
    writer.write("".join(f"{line}\r\n" for line in [*lines, f"Content-Length: {len(body)}", ""]).encode() + body)
    got = b""
    while piece := await asyncio.wait_for(reader.read(1 << 16), 60):
        got += piece
        if b"Hel" in got:
            good.arrived.set()
    writer.close()
    return got.partition(b"\r\n\r\n")[0], body_of(got)


def documented(engine: Engine) -> dict[str, bool]:
    """The column of this engine in the table of the documentation."""
    text = (ROOT / "docs" / "routing.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (yes|no)[^|]* \| (yes|no)[^|]* \|$", text, re.MULTILINE)
    return {row[0]: row[1 if engine == "serve" else 2] == "yes" for row in rows}


@pytest.mark.parametrize("engine", ["serve", pytest.param("envoy", marks=pytest.mark.exhaustive)])
def test_each_cell_of_the_table(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage, answer in MORE.items():
        monkeypatch.setitem(STAGES, stage, answer)
    bad, good = Service(False), Gated(True)
    source = (
        {"source": str(SOURCE)} if engine == "serve" else {"module": str(request.getfixturevalue("ai_proxy_module"))}
    )

    async def talk() -> dict[str, bool]:
        servers = [await asyncio.start_server(service.accept, "127.0.0.1", 0) for service in (bad, good)]
        bad.port, good.port = (server.sockets[0].getsockname()[1] for server in servers)
        content = {
            "plugins": [{"name": "ai-proxy", **source, "config": CONFIG}],
            "routes": [{"name": "all"}],
            "upstreams": {
                "bad.test": f"http://127.0.0.1:{bad.port}",
                "gone.test": "http://127.0.0.1:1",
                "good.test": f"http://127.0.0.1:{good.port}",
            },
        }
        with running(engine, tmp_path, content) as gateway:
            found = {}
            for row, stage in CELLS.items():
                head, body = await ask(gateway.port, f"1:{stage}", "g" if stage == "gone" else "m", good)
                found[row] = is_whole(head, body) and (row not in IN_TIME or b"=firstByte, good/" in head)
                assert is_whole(head, body) or b"Hel" not in body, "no client sees a part of two answers"
        for server in servers:
            server.close()
        return found

    assert asyncio.run(talk()) == documented(engine)
    stages = [stage for stage in CELLS.values() if stage != "gone"]
    assert [text for text, _ in bad.asked] == [f"1:{stage}" for stage in stages], "each was asked, and read the request"
