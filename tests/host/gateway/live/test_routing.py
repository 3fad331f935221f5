"""ai-proxy in `serve` with several providers, of which some fail: real sockets on both sides."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.live.scene import body_of

from proxywasm_host.gateway.live.listening import listen
from proxywasm_host.gateway.live.shared import Shared
from proxywasm_host.gateway.live.starting import start_plugins
from proxywasm_host.gateway.live.worker import LiveWorker
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.gateway.values import Address
from proxywasm_host.testing import chat_stream

SOURCE = Path(__file__).parents[4] / "plugins" / "ai_proxy"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nContent-Length: 1000\r\n\r\n"
HEAD_OF_JSON = HEAD.replace(b"text/event-stream", b"application/json")
STAGES = {
    "busy": b"HTTP/1.1 503 X\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n"
    b'{"error":{"message":"busy"}}',
    "limited": b"HTTP/1.1 429 X\r\nretry-after: 1\r\nContent-Length: 0\r\n\r\n",
    "closes": b"",
    "no HTTP": b"no HTTP\r\n\r\n",
    "error first": b'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {"error":{"message":"slow"}}\n\n',
    "cut error": b"HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\nbusy",
    "cut stream": HEAD + b": ping\n\n",
    "cut answer": HEAD_OF_JSON + b'{"id":',
}
"""What a failing service answers before it closes the connection."""
SILENT = {"never": b"", "silent": HEAD, "silent answer": HEAD_OF_JSON}
"""What a service answers that then waits until the gateway leaves, or for five seconds."""
FAILING = [*STAGES, *SILENT]


async def body_of_request(head: str, reader: asyncio.StreamReader) -> bytes:
    if length := re.search(r"content-length: (\d+)", head):
        return await reader.readexactly(int(length[1]))
    assert "transfer-encoding: chunked" in head
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


@dataclass
class Service:
    """A service with OpenAI's protocol. It fails as the request says, unless it is healthy."""

    healthy: bool
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """The request and the key of each attempt."""

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = re.search(r"authorization: Bearer (\S+)", head)
            assert key is not None
            text = json.loads(await body_of_request(head, reader))["messages"][0]["content"]
            self.asked.append((text, key[1]))
            stage = text.partition(":")[2]
            if self.healthy:
                await self.answer(writer)
            elif stage in SILENT:
                writer.write(SILENT[stage])
                await asyncio.wait_for(reader.read(), 5)
            else:
                writer.write(STAGES[stage])
                await writer.drain()
                await asyncio.sleep(0.02)  # so that what was sent arrives before the end does
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for chunk in chat_stream(["Hel", "lo"]).body:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0.01)


def provider(name: str, keys: list[str], **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "openai", "openaiCustomUrl": f"http://{name}.test/v1", "apiTokens": keys, **more}


CONFIG: dict[str, Any] = {
    "providers": [
        provider("bad", ["bad-1", "bad-2"], models=["m"], retryOnFailure={"enabled": True}),
        provider("gone", ["gone-1"], models=["m"]),
        provider("good", ["good-1"], models=["m"]),
    ],
    "routing": {
        "fallback": {"attempts": 6, "firstByteTimeout": 500, "retryBudget": 400},
        "breaker": {"failures": 5, "openFor": 600_000},
        "routeHeader": True,
    },
}


@asynccontextmanager
async def gateway(bad: Service, good: Service, config: dict[str, Any], shared: Shared) -> AsyncIterator[int]:
    servers = [await asyncio.start_server(service.accept, "127.0.0.1", 0) for service in (bad, good)]
    bad.port, good.port = (server.sockets[0].getsockname()[1] for server in servers)
    file = Gateway.model_validate({
        "listen": "127.0.0.1:1",
        "plugins": [{"name": "ai-proxy", "source": str(SOURCE), "config": config}],
        "routes": [{"name": "all"}],
        "upstreams": {
            "bad.test": f"http://127.0.0.1:{bad.port}",
            "gone.test": "http://127.0.0.1:1",
            "good.test": f"http://127.0.0.1:{good.port}",
        },
    })  # fmt: skip
    plugins = start_plugins(file, native=True, on_log=lambda _: None, shared=shared)
    worker = LiveWorker(file, plugins, log=lambda _: None)
    listening = listen("listen", Address("127.0.0.1", 0))
    await worker.start(listening)
    try:
        yield listening.getsockname()[1]
    finally:
        await worker.stop(0)
        for server in servers:
            server.close()


async def ask(port: int, text: str, model: str = "m") -> tuple[bytes, bytes]:
    """Head and body of the whole response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": text}]}).encode()
    lines = ["POST /v1/chat/completions HTTP/1.1", "Host: a", "Connection: close", "Content-Type: application/json"]
    head = "".join(f"{line}\r\n" for line in [*lines, f"Content-Length: {len(body)}", ""])
    writer.write(head.encode() + body)
    got = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return got.partition(b"\r\n\r\n")[0], body_of(got)


def is_whole(head: bytes, body: bytes) -> bool:
    return (
        head.startswith(b"HTTP/1.1 200")
        and b"Hel" in body
        and body.endswith(b"data: [DONE]\n\n")
        and b"error" not in body
    )


@pytest.mark.parametrize("stage", FAILING)
def test_each_failure_before_the_first_byte_leads_to_a_provider_that_works(stage: str) -> None:
    """Another key of the provider comes first. The one that is gone cannot even be connected."""
    bad, good = Service(False), Service(True)

    async def talk() -> None:
        async with gateway(bad, good, CONFIG, Shared(())) as port:
            head, body = await ask(port, f"1:{stage}")
            assert is_whole(head, body), (head, body)
            route = re.search(rb"x-proxywasm-route: ([^\r]*)", head)
            assert route is not None
            names = [part.partition(b"=")[0] for part in route[1].split(b", ")]
            assert names[-2:] == [b"gone/m", b"good/m"]
            assert set(names[:-2]) == {b"bad/m"}

    asyncio.run(talk())
    assert len(bad.asked) == len(set(bad.asked))
    assert len(good.asked) == 1


@pytest.mark.parametrize("streams", [20, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_while_providers_fail_at_each_stage_no_client_sees_a_broken_answer(streams: int) -> None:
    bad, good, shared = Service(False), Service(True), Shared(())

    async def talk() -> None:
        async with gateway(bad, good, CONFIG, shared) as port:
            asked = [f"{number}:{FAILING[number % len(FAILING)]}" for number in range(streams)]
            answers = await asyncio.gather(*(ask(port, text) for text in asked))
            assert [answer for answer in answers if not is_whole(*answer)] == []
            before = len(bad.asked)
            later = await asyncio.gather(*(ask(port, f"later {text}") for text in asked))
            assert [answer for answer in later if not is_whole(*answer)] == []
            assert len(bad.asked) == before, "its breaker is open"

    asyncio.run(talk())
    counted = Counter(("bad", *one) for one in bad.asked) + Counter(("good", *one) for one in good.asked)
    assert max(counted.values()) == 1, "no pair of provider and key is asked twice for one request"
    metrics = shared.metrics["ai-proxy"].snapshot()
    states = {name: value for name, value in metrics.items() if name.startswith("ai_proxy_breaker_state")}
    assert states == {f"ai_proxy_breaker_state.provider.{name}.model.m": 2 for name in ("bad", "gone")}
    assert metrics["ai_proxy_attempts.provider.good.outcome.200"] == 2 * streams
