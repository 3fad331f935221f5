"""Envoy with a second stage: what a client and a service see of requests that ai-proxy sends again."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.both import Running, running
from tests.host.gateway.live.scene import body_of
from tests.host.gateway.live.test_routing import body_of_request, is_whole, provider
from tests.host.serve_process import free_port

from proxywasm_host.gateway.envoy import bootstrap, stages
from proxywasm_host.gateway.envoy.background import BackgroundEnvoy
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.testing import chat_stream

BUSY = b'HTTP/1.1 503 X\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n{"error":{"message":"busy"}}'
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
SECONDS = 60.0
FORGED = {
    "x-proxywasm-exchange": "mine",
    "x-proxywasm-again": "1",
    "x-proxywasm-route": "other",
    "x-proxywasm-host": "other.test",
    "x-proxywasm-upstream": "mine",
    "x-envoy-attempt-count": "7",
    "x-envoy-retry-on": "5xx,retriable-headers",
    "x-envoy-max-retries": "9",
}
"""Headers that have a meaning between the stages, and those by which Envoy obeys clients of private networks."""
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Service:
    answer: Answer
    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    left: int = 0
    """Connections that the gateway has closed while the service was answering."""

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            if "\r\ncontent-length:" in head.lower() or "\r\ntransfer-encoding:" in head.lower():
                self.bodies.append(await body_of_request(head, reader))
            await self.answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left += 1
        finally:
            writer.close()


async def busy(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(BUSY)
    await writer.drain()


def streaming(first_has_arrived: asyncio.Event) -> Answer:
    """A stream whose second part is sent only after the first has arrived at the client."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        role, first, *rest = chat_stream(["Hel", "lo"]).body
        writer.write(STREAM + role + first)
        await writer.drain()
        await asyncio.wait_for(first_has_arrived.wait(), SECONDS)
        writer.write(b"".join(rest))

    return answer


def config(**fallback: Any) -> dict[str, Any]:
    return {
        "providers": [provider("bad", ["bad-1"], models=["m"]), provider("good", ["good-1"], models=["m"])],
        "routing": {"fallback": fallback or {"on": ["connect", "status"]}, "routeHeader": True},
    }


def content(module: Path, services: dict[str, int], plugin: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {
        "plugins": [{"name": "ai-proxy", "module": str(module), "config": plugin}],
        "routes": [{"name": "chat", "match": {"path_prefix": "/v1/"}}],
        "upstreams": {name: f"http://127.0.0.1:{port}" for name, port in services.items()},
        **keys,
    }


@asynccontextmanager
async def served(*services: Any) -> AsyncIterator[None]:
    servers = [await asyncio.start_server(service.accept, "127.0.0.1", 0) for service in services]
    for service, server in zip(services, servers, strict=True):
        service.port = server.sockets[0].getsockname()[1]
    yield
    for server in servers:
        server.close()


def request(body: bytes, *lines: str, **headers: str) -> bytes:
    named = {"Host": "a", "Content-Type": "application/json", "Connection": "close", **headers}
    head = [*(lines or ("POST /v1/chat/completions HTTP/1.1",)), *(f"{name}: {value}" for name, value in named.items())]
    return "".join(f"{line}\r\n" for line in [*head, ""]).encode() + body


def chat(text: str = "hi", **more: Any) -> bytes:
    return json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": text}], **more}).encode()


async def ask(port: int, data: bytes) -> tuple[bytes, bytes]:
    """Head and body of the whole response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    got = await asyncio.wait_for(reader.read(), SECONDS)
    writer.close()
    return got.partition(b"\r\n\r\n")[0], body_of(got)


def envoy(folder: Path, found: dict[str, Any]) -> AbstractContextManager[Running]:
    return running("envoy", folder, found)


def test_the_answer_of_a_later_attempt_streams_whatever_the_client_forges(
    ai_proxy_module: Path, tmp_path: Path
) -> None:
    """The first chunk reaches the client before the second is sent."""

    async def talk() -> Running:
        arrived = asyncio.Event()
        bad, good = Service(busy), Service(streaming(arrived))
        async with served(bad, good):
            services = {"bad.test": bad.port, "good.test": good.port}
            with envoy(tmp_path, content(ai_proxy_module, services, config(), access_log=True)) as gateway:
                reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                body = chat("x" * 100_000)
                writer.write(request(body, **FORGED, **{"Content-Length": str(len(body))}))
                got = await asyncio.wait_for(reader.readuntil(b"Hel"), SECONDS)
                arrived.set()
                got += await asyncio.wait_for(reader.read(), SECONDS)
                writer.close()
                while '"ended"' not in gateway.log():
                    await asyncio.sleep(0.02)
        head = got.partition(b"\r\n\r\n")[0]
        assert is_whole(head, body_of(got)), got
        assert b"x-proxywasm-route: bad/m=status, good/m=answered" in head
        assert head.count(b"x-proxywasm-") == 1
        assert [*map(len, (bad.bodies, good.bodies))] == [1, 1]
        assert all(json.loads(sent)["messages"][0]["content"] == "x" * 100_000 for sent in bad.bodies + good.bodies)
        for service in (bad, good):
            assert "x-proxywasm-" not in service.heads[0]
            assert not re.search("x-envoy-(attempt|retry|max)", service.heads[0])
        assert "authorization: Bearer bad-1" in bad.heads[0]
        assert "authorization: Bearer good-1" in good.heads[0]
        return gateway

    gateway = asyncio.run(talk())
    lines = [json.loads(line) for line in gateway.log().splitlines() if line.startswith("{")]
    assert [(line["route"], line["upstream"], line["status"]) for line in lines] == [("chat", "good.test", 200)]
    assert json.loads(lines[0]["ai_proxy"])["fallbacks"] == 1, "properties are those of the client's stream"


@contextmanager
def filterless(port: int, *, sends_again: bool) -> Iterator[int]:
    """The port of an Envoy with all that a second stage needs, but without plugins: whether another request is asked
    for the service says, not a plugin in the second stage."""
    found = Gateway.model_validate({
        "listen": f"127.0.0.1:{free_port()}",
        "plugins": [{"name": "gone", "module": str(Path(__file__)), "sends_again": sends_again}],
        "routes": [{"name": "all", "upstream": "a"}],
        "upstreams": {"a": f"http://127.0.0.1:{port}"},
        "limits": {"body": 1000},
    })  # fmt: skip
    config = bootstrap(found, {"gone": Path(__file__)}, None, changeable=True)
    managers = [
        listener["filter_chains"][0]["filters"][0]["typed_config"]
        for listener in config["static_resources"]["listeners"]
    ]
    for manager in managers:
        manager["http_filters"] = [each for each in manager["http_filters"] if not each["name"].startswith("plugin.")]
    host = managers[1]["route_config"]["virtual_hosts"][0]
    host["routes"] = [route for route in host["routes"] if "direct_response" not in route]
    for route in host["routes"]:
        route["response_headers_to_remove"].remove("x-proxywasm-again")
    with BackgroundEnvoy(config):
        yield found.listen[1]


def test_a_gateway_that_may_get_a_second_stage_says_nothing_of_it_upstream() -> None:
    forged = {name: value for name, value in FORGED.items() if name.startswith("x-proxywasm-")}

    async def talk() -> None:
        async with served(service := Service(busy)):
            with filterless(service.port, sends_again=False) as port:
                head, _ = await ask(port, request(b"", "GET /v1/models HTTP/1.1", **forged))
        assert head.startswith(b"HTTP/1.1 503")
        assert len(service.heads) == 1
        assert not re.search("x-proxywasm|x-envoy", service.heads[0])

    asyncio.run(talk())


@pytest.mark.parametrize(("size", "asked"), [(1001, 1), (1000, 16)])
def test_a_client_is_not_told_that_a_request_could_not_be_sent_again(size: int, asked: int) -> None:
    """Because the first stage has not kept its body, or because there have been too many requests."""

    async def again(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BUSY.replace(b"\r\n", b"\r\nconnection: close\r\nx-proxywasm-again: 1\r\n", 1))
        await writer.drain()

    async def talk() -> None:
        async with served(service := Service(again)):
            with filterless(service.port, sends_again=True) as port:
                head, got = await ask(port, request(b"x" * size, **{"Content-Length": str(size)}))
        assert (head[:12], got) == (b"HTTP/1.1 503", BUSY.partition(b"\r\n\r\n")[2])
        assert b"x-proxywasm" not in head
        assert [*map(len, service.bodies)] == [size] * asked

    asyncio.run(talk())


def gateway_of(*plugins: dict[str, Any]) -> Gateway:
    return Gateway.model_validate({
        "listen": "127.0.0.1:1",
        "plugins": [{"module": str(Path(__file__)), **plugin} for plugin in plugins],
        "routes": [{"name": "all", "upstream": "a"}],
        "upstreams": {"a": "http://127.0.0.1:1"},
    })  # fmt: skip


def filters(listener: dict[str, Any]) -> list[str]:
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return [each["name"] for each in manager["http_filters"] if each["name"].startswith("plugin.")]


def listeners_of(*plugins: dict[str, Any]) -> list[dict[str, Any]]:
    found = gateway_of(*plugins)
    modules = {plugin.name: Path(__file__) for plugin in found.plugins}
    return list(bootstrap(found, modules, None)["static_resources"]["listeners"])


FALLBACK = {"routing": {"fallback": {"attempts": 2}}}


def test_plugins_before_the_one_that_sends_again_see_each_stream_once() -> None:
    first, second = listeners_of({"name": "limits"}, {"name": "proxy", "config": FALLBACK}, {"name": "last"})
    assert filters(first) == ["plugin.limits", "plugin.proxy"]
    assert filters(second) == ["plugin.proxy", "plugin.last"]
    assert (first["name"], second["name"]) == ("gateway", stages.SECOND_STAGE)


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        ({"config": FALLBACK}, True),
        ({"config": {"_rules_": [{"_match_route_": ["a"], **FALLBACK}]}}, True),
        ({"sends_again": True}, True),
        ({"config": FALLBACK, "sends_again": False}, False),
        ({"config": {"routing": {"strategy": "weight"}}}, False),
        ({"config": {"routing": {"fallback": {}}}}, False),
    ],
)
def test_there_is_a_second_stage_only_for_a_plugin_that_needs_it(plugin: dict[str, Any], expected: bool) -> None:
    found = listeners_of({"name": "proxy", **plugin})
    assert len(found) == (2 if expected else 1)
    assert ("x-proxywasm-" in json.dumps(found)) is expected, "one stage is as it would be without this"
