"""Limits hold in real gateways: over two workers, and over two gateways with one Redis."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.both import Engine
from tests.limited_gateways import SECONDS, Service, gateway, plugin_of, service, status, until
from tests.redis_server import RedisServer, redis_server

PLACES, REQUESTS = 20, 30
STREAMS = {"rule_name": "all", "global_threshold": {"concurrent_streams": PLACES}}
RATE = {"rule_name": "all", "global_threshold": {"query_per_day": REQUESTS}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), "secret") as server:
        yield server


def with_redis(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**config, "redis": {"service_name": "redis.dns", "password": "secret", **more}}


def upstreams(model: Service, server: RedisServer | None = None) -> dict[str, str]:
    found = {"service": f"http://127.0.0.1:{model.port}"}
    if server is not None:
        found["outbound|6379||redis.dns"] = f"http://127.0.0.1:{server.port}"
    return found


async def places_are_never_more_than_there_are(model: Service, *ports: int) -> None:
    """Hundreds of streams at once, over and over; those that got a place are never more than the limit, and all places
    come back, also those of clients that leave."""
    for _ in range(2):
        clients = [asyncio.create_task(status(ports[number % len(ports)])) for number in range(200)]
        while sum(client.done() for client in clients) < 200 - PLACES:
            await asyncio.sleep(0.01)
        assert {client.result() for client in clients if client.done()} == {429}
        await until(lambda: model.now == PLACES)
        waiting = [client for client in clients if not client.done()]
        for client in waiting[:5]:
            client.cancel()
        await until(lambda: model.now == PLACES - 5)
        model.go_on.set()
        assert [await client for client in waiting[5:]] == [200] * (PLACES - 5)
        async with asyncio.timeout(SECONDS):
            while set(await asyncio.gather(*[status(ports[0]) for _ in range(PLACES)])) != {200}:
                pass
        model.go_on.clear()
        await until(lambda: model.now == 0)
        assert model.most == PLACES


async def so_many_requests_pass(model: Service, *ports: int) -> None:
    model.go_on.set()
    statuses = await asyncio.gather(*[status(ports[number % len(ports)]) for number in range(200)])
    assert sorted(set(statuses)) == [200, 429]
    assert (statuses.count(200), model.all) == (REQUESTS, REQUESTS)


@pytest.mark.parametrize("engine", ["serve", pytest.param("envoy", marks=[pytest.mark.envoy, pytest.mark.exhaustive])])
def test_places_over_two_workers(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    module = request.getfixturevalue("bundle_module") if engine == "envoy" else None

    async def main() -> None:
        async with service() as model:
            plugin = plugin_of(engine, "request_ratelimit", STREAMS, module)
            with gateway(engine, tmp_path, 2, plugin, upstreams(model)) as port:
                await places_are_never_more_than_there_are(model, port)

    asyncio.run(main())


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", ["serve", pytest.param("envoy", marks=pytest.mark.envoy)])
def test_requests_over_two_workers(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    module = request.getfixturevalue("bundle_module") if engine == "envoy" else None

    async def main() -> None:
        async with service() as model:
            plugin = plugin_of(engine, "request_ratelimit", RATE, module)
            with gateway(engine, tmp_path, 2, plugin, upstreams(model)) as port:
                await so_many_requests_pass(model, port)

    asyncio.run(main())


@pytest.mark.parametrize(
    "config", [STREAMS, pytest.param(RATE, marks=pytest.mark.exhaustive)], ids=["places", "requests"]
)
def test_over_two_gateways_with_one_redis(config: dict[str, Any], tmp_path: Path, server: RedisServer) -> None:
    with server.client() as client:
        client.flushall()

    async def main() -> None:
        async with service() as model:
            # Hundreds of streams that begin at once wait for their turn: that takes longer than the usual second.
            plugin = plugin_of("serve", "request_ratelimit", with_redis(config, timeout=20_000), None)
            with contextlib.ExitStack() as stack:
                ports = [
                    stack.enter_context(gateway("serve", tmp_path, 1, plugin, upstreams(model, server)))
                    for _ in range(2)
                ]
                await (places_are_never_more_than_there_are if config is STREAMS else so_many_requests_pass)(
                    model, *ports
                )

    asyncio.run(main())


@pytest.mark.parametrize("policy", [pytest.param("open", marks=pytest.mark.exhaustive), "closed"])
def test_redis_that_hangs_or_is_gone_never_holds_a_stream(policy: str, tmp_path: Path, server: RedisServer) -> None:
    """Hundreds of requests wait for Redis at once, none for longer than the timeout, whatever the others do."""
    with server.client() as client:
        client.flushall()

    async def main() -> None:
        async with service() as model:
            model.go_on.set()
            config = with_redis({**RATE, "on_storage_failure": policy}, timeout=500)
            plugin = plugin_of("serve", "request_ratelimit", config, None)
            with gateway("serve", tmp_path, 1, plugin, upstreams(model, server)) as port:
                async with asyncio.timeout(60):
                    while await status(port) != 200:
                        pass  # on a busy machine a first connection to Redis can take longer than its time-out
                expected = {200 if policy == "open" else 503}
                with server.hanging():
                    async with asyncio.timeout(10):  # one after the other they would need 150 seconds
                        assert set(await asyncio.gather(*[status(port) for _ in range(300)])) == expected
                server.stop()
                try:
                    assert set(await asyncio.gather(*[status(port) for _ in range(50)])) == expected
                finally:
                    server.start()
                async with asyncio.timeout(60):
                    # It counts again, from the beginning: Redis has forgotten everything.
                    while (found := await asyncio.gather(*[status(port) for _ in range(40)])).count(429) < 40:
                        assert set(found) <= expected | {200, 429}

    asyncio.run(main())
