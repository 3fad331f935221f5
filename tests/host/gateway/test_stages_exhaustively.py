"""Envoy with a second stage: many streams, all kinds of bodies, clients that leave, configurations that change."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.live.scene import body_of
from tests.host.gateway.live.test_routing import FAILING, is_whole, provider
from tests.host.gateway.live.test_routing import Service as FailingService
from tests.host.gateway.reload.process import GatewayFile, watching
from tests.host.gateway.test_stages import (
    SECONDS,
    STREAM,
    Service,
    ask,
    busy,
    chat,
    config,
    content,
    envoy,
    request,
    served,
    streaming,
)
from tests.host.serve_process import free_port

from proxywasm_host.testing import chat_stream

pytestmark = pytest.mark.exhaustive


def test_parallel_streams_of_failing_providers_do_not_mix(ai_proxy_module: Path, tmp_path: Path) -> None:
    """Each answer repeats the number of its request. The breaker is open afterwards, and says so in the metrics."""
    streams = 50
    bad = FailingService(False)

    class Echo(FailingService):
        async def answer(self, writer: asyncio.StreamWriter) -> None:
            number = self.asked[-1][0].partition(":")[0]
            writer.write(STREAM)
            for chunk in chat_stream(["Hel", "lo", f" <{number}>"]).body:
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(0.01)

    good = Echo(True)
    plugin = {
        "providers": [
            provider("bad", ["bad-1", "bad-2"], models=["m"], retryOnFailure={"enabled": True}),
            provider("gone", ["gone-1"], models=["m"]),
            provider("good", ["good-1"], models=["m"]),
        ],
        "routing": {
            "fallback": {"attempts": 6, "firstByteTimeout": 500, "retryBudget": 400},
            "breaker": {"failures": 5, "openFor": 600_000},
        },
    }

    async def talk() -> str:
        async with served(bad, good):
            services = {"bad.test": bad.port, "gone.test": 1, "good.test": good.port}
            with envoy(tmp_path, content(ai_proxy_module, services, plugin)) as gateway:

                async def one(text: str) -> None:
                    body = chat(text)
                    head, got = await ask(gateway.port, request(body, **{"Content-Length": str(len(body))}))
                    assert is_whole(head, got), (text, head, got)
                    assert re.findall(rb"<(.*?)>", got) == [text.partition(":")[0].encode()], "another stream's answer"

                stages_of_failure = [stage for stage in FAILING if stage != "silent answer"]
                texts = [f"{number}:{stages_of_failure[number % len(stages_of_failure)]}" for number in range(streams)]
                await asyncio.gather(*map(one, texts))
                before = len(bad.asked)
                await asyncio.gather(*(one(f"later {text}") for text in texts))
                assert len(bad.asked) == before, "its breaker is open"
                return gateway.metrics()

    metrics = asyncio.run(talk())
    counted = Counter(("bad", *one) for one in bad.asked) + Counter(("good", *one) for one in good.asked)
    assert max(counted.values()) == 1, "no pair of provider and key is asked twice for one request"
    states = dict(re.findall(r'ai_proxy_breaker_state\{[^}]*provider="(\w+)"[^}]*\} (\d)', metrics))
    assert states == {"bad": "2", "gone": "2"}


@pytest.mark.parametrize("failing", ["connection", "status"])
def test_bodies_of_all_kinds_are_sent_again(ai_proxy_module: Path, tmp_path: Path, failing: str) -> None:
    large = chat("x" * 900_000)
    trailers = b"%x\r\n%b\r\n0\r\nx-trailer: 1\r\n\r\n"
    chunked = {"Transfer-Encoding": "chunked"}
    small = chat("small")
    requests = {
        "large": request(large, **{"Content-Length": str(len(large))}),
        "chunked": request(b"%x\r\n%b\r\n0\r\n\r\n" % (len(small), small), **chunked),
        "trailers": request(trailers % (len(small), small), **chunked),
        "expects": request(small, **{"Content-Length": str(len(small)), "Expect": "100-continue"}),
    }

    async def talk() -> None:
        arrived = asyncio.Event()
        arrived.set()
        bad, good = Service(busy), Service(streaming(arrived))
        async with served(bad, good):
            services = {"bad.test": bad.port if failing == "status" else 1, "good.test": good.port}
            found = content(ai_proxy_module, services, config(), limits={"body": 1_000_000}, trailers=True)
            with envoy(tmp_path, found) as gateway:
                for name, data in requests.items():
                    got = b"".join(await ask(gateway.port, data))
                    assert b"Hel" in got, (name, got)
                    assert b"[DONE]" in got, (name, got)
        assert [len(json.loads(body)["messages"][0]["content"]) for body in good.bodies] == [900_000, 5, 5, 5]
        assert not any("x-envoy-internal" in head for head in good.heads), "none was asked by a call-out"

    asyncio.run(talk())


def test_a_client_that_leaves_ends_the_attempt_that_is_under_way(ai_proxy_module: Path, tmp_path: Path) -> None:
    async def talk() -> None:
        asked = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.set()
            assert await asyncio.wait_for(reader.read(), SECONDS) == b"", "the gateway leaves"
            raise ConnectionError

        bad, good = Service(busy), Service(silent)
        async with served(bad, good):
            services = {"bad.test": bad.port, "good.test": good.port}
            with envoy(tmp_path, content(ai_proxy_module, services, config())) as gateway:
                _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                body = chat()
                writer.write(request(body, **{"Content-Length": str(len(body))}))
                await asyncio.wait_for(asked.wait(), SECONDS)
                writer.close()
                while not good.left:
                    await asyncio.sleep(0.02)
                while not re.search(r"second_stage_downstream_rq_active\{[^}]*\} 0\n", gateway.metrics()):
                    await asyncio.sleep(0.02)
        assert len(bad.heads) == len(good.heads) == 1

    asyncio.run(talk())


def test_the_last_failure_reaches_the_client_as_the_service_has_sent_it(ai_proxy_module: Path, tmp_path: Path) -> None:
    async def limited(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        text = b'{"error":{"message":"slow down","type":"x"}}'
        head = b"HTTP/1.1 429 X\r\nContent-Type: application/json\r\nretry-after: 7\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(text) + text)
        await writer.drain()

    async def talk() -> None:
        bad, good = Service(busy), Service(limited)
        async with served(bad, good):
            services = {"bad.test": bad.port, "good.test": good.port}
            with envoy(tmp_path, content(ai_proxy_module, services, config())) as gateway:
                body = chat()
                head, got = await ask(gateway.port, request(body, **{"Content-Length": str(len(body))}))
        assert head.startswith(b"HTTP/1.1 429")
        assert b"\r\nretry-after: 7" in head
        assert b"slow down" in got

    asyncio.run(talk())


def test_websockets_pass_both_stages(ai_proxy_module: Path, tmp_path: Path) -> None:
    async def upgraded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
        writer.write(b"got " + await asyncio.wait_for(reader.readexactly(4), SECONDS))
        await writer.drain()

    async def talk() -> None:
        good = Service(upgraded)
        async with served(good):
            services = {"bad.test": good.port, "good.test": good.port}
            with envoy(tmp_path, content(ai_proxy_module, services, config())) as gateway:
                reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                line = "GET /v1/realtime?model=m HTTP/1.1"
                key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
                writer.write(request(b"", line, Upgrade="websocket", **{**key, "Connection": "Upgrade"}))
                got = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
                assert got.startswith(b"HTTP/1.1 101"), got
                writer.write(b"ping")
                assert await asyncio.wait_for(reader.readexactly(8), SECONDS) == b"got ping"
                writer.close()

    asyncio.run(talk())


def test_a_fallback_comes_and_changes_while_requests_are_under_way(ai_proxy_module: Path, tmp_path: Path) -> None:
    """A request of a gateway with one stage ends there; one whose attempt is under way keeps its configuration."""

    async def talk() -> None:
        asked, goes_on, arrived = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.set()
            await asyncio.wait_for(goes_on.wait(), SECONDS)
            await busy(reader, writer)

        async def first_of(port: int, body: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            asked.clear()
            goes_on.clear()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request(body, **{"Content-Length": str(len(body))}))
            await asyncio.wait_for(asked.wait(), SECONDS)
            return reader, writer

        bad, good = Service(waiting), Service(streaming(arrived))
        async with served(bad, good):
            services = {"bad.test": bad.port, "good.test": good.port}
            with_fallback = config()
            without = {**with_fallback, "routing": {"routeHeader": True}}
            admin = {"admin": f"127.0.0.1:{free_port()}", "listen": f"127.0.0.1:{free_port()}"}
            file = GatewayFile(tmp_path / "gateway.yaml", content(ai_proxy_module, services, without, **admin))
            file.save()
            with watching("envoy", file) as run:

                def load(plugin: dict[str, Any], number: int) -> None:
                    file.save(plugins=content(ai_proxy_module, services, plugin)["plugins"])
                    run.wait_for("loaded again", number)

                reader, writer = await first_of(run.port, chat())
                load(with_fallback, 1)
                goes_on.set()
                got = await asyncio.wait_for(reader.read(), SECONDS)
                writer.close()
                assert got.startswith(b"HTTP/1.1 503"), got
                assert not good.heads

                reader, writer = await first_of(run.port, chat())
                load(config(on=["connect", "status"], attempts=2), 2)
                goes_on.set()
                got = await asyncio.wait_for(reader.readuntil(b"Hel"), SECONDS)
                arrived.set()
                got += await asyncio.wait_for(reader.read(), SECONDS)
                writer.close()
                assert is_whole(got.partition(b"\r\n\r\n")[0], body_of(got)), got

                reader, writer = await first_of(run.port, chat())
                load(without, 3)
                goes_on.set()
                got = await asyncio.wait_for(reader.read(), SECONDS)
                writer.close()
                assert [*map(len, (bad.heads, good.heads))] == [3, 1], got
                assert got.startswith(b"HTTP/1.1 503"), got

    asyncio.run(talk())
