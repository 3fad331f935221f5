"""Hundreds of requests at once in real gateways: what they use together is never more than the limit."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.both import Engine
from tests.limited_gateways import gateway, plugin_of, service, status
from tests.redis_server import redis_server

LIMIT, MOST_OUTPUT, USED = 2000, 80, 50
CONFIG: dict[str, Any] = {"rule_name": "all", "global_threshold": {"token_per_day": LIMIT}}
REQUEST = json.dumps({"model": "m", "messages": [], "max_tokens": MOST_OUTPUT}).encode()
USAGE = {"prompt_tokens": 10, "completion_tokens": USED - 10, "total_tokens": USED}
ANSWER = json.dumps({"object": "chat.completion", "choices": [], "usage": USAGE}).encode()
JSON = "content-type: application/json\r\n"


async def never_too_much(*ports: int, model: Any) -> None:
    """Waves of requests: what the reservations were too large for is there again for the next wave, until all of the
    limit is used, and not a token more."""

    async def wave() -> int:
        path = "/v1/chat/completions"
        clients = [
            asyncio.create_task(status(ports[number % len(ports)], path, REQUEST, JSON)) for number in range(200)
        ]
        while sum(client.done() for client in clients) + model.now < len(clients):
            await asyncio.sleep(0.01)
        model.go_on.set()
        statuses = await asyncio.gather(*clients)
        model.go_on.clear()
        assert set(statuses) <= {200, 429}
        return statuses.count(200)

    first = await wave()
    assert LIMIT // (MOST_OUTPUT + 20) <= first <= LIMIT // MOST_OUTPUT
    passed = first
    while passed * USED <= LIMIT - 2 * MOST_OUTPUT:
        passed += await wave()
        assert passed * USED <= LIMIT


@pytest.mark.parametrize("engine", ["serve", pytest.param("envoy", marks=[pytest.mark.envoy, pytest.mark.exhaustive])])
def test_over_two_workers(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    module = request.getfixturevalue("bundle_module") if engine == "envoy" else None

    async def main() -> None:
        async with service(ANSWER) as model:
            plugin = plugin_of(engine, "ai_token_ratelimit", CONFIG, module)
            with gateway(engine, tmp_path, 2, plugin, {"service": f"http://127.0.0.1:{model.port}"}) as port:
                await never_too_much(port, model=model)

    asyncio.run(main())


@pytest.mark.exhaustive
def test_over_two_gateways_with_one_redis(tmp_path: Path) -> None:
    async def main() -> None:
        async with service(ANSWER) as model:
            config = {**CONFIG, "redis": {"service_name": "redis.dns", "timeout": 20_000}}
            plugin = plugin_of("serve", "ai_token_ratelimit", config, None)
            with redis_server(tmp_path) as server, contextlib.ExitStack() as stack:
                upstreams = {
                    "service": f"http://127.0.0.1:{model.port}",
                    "outbound|6379||redis.dns": f"http://127.0.0.1:{server.port}",
                }
                ports = [stack.enter_context(gateway("serve", tmp_path, 1, plugin, upstreams)) for _ in range(2)]
                await never_too_much(*ports, model=model)

    asyncio.run(main())
