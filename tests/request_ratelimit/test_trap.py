"""What a VM that traps in Envoy held comes back: it runs no callback, so the leases of its places have to end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.envoy.envoy_process import Envoy, Listener, features_filter, filter_of, one_envoy
from tests.limited_gateways import SECONDS, Service, service, status, until

PLACES = 3
LIMITS = {"rule_name": "all", "global_threshold": {"concurrent_streams": PLACES}, "lease_seconds": 10}
RENEWED_TWICE = 12
"""Seconds in which leases of ten end, if nobody renews them."""

pytestmark = [pytest.mark.envoy, pytest.mark.exhaustive]


def gateway(module: Path, port: int) -> Iterator[Envoy]:
    """Two plugins in one VM: the second one limits streams, the first one ends the VM when it is asked to."""
    limiting = {"plugin": "request_ratelimit", "config": json.dumps(LIMITS)}
    filters = [
        features_filter(module, {}, "FAIL_RELOAD", name="first"),
        filter_of(module, limiting, "FAIL_RELOAD", name="second"),
    ]
    with one_envoy(Listener({"service": port}, filters)) as envoy:
        yield envoy


async def statuses_until_it_passes(port: int) -> list[int]:
    """Of requests one after the other, up to the first one that passes."""
    found: list[int] = []
    async with asyncio.timeout(SECONDS):
        while not found or found[-1] != 200:
            await asyncio.sleep(0.1)
            found.append(await status(port, "/plain"))
    return found


async def hold(model: Service, port: int) -> list[asyncio.Task[int]]:
    """Streams that have all places."""
    held = [asyncio.create_task(status(port, "/plain")) for _ in range(PLACES)]
    await until(lambda: model.now == PLACES)
    assert await status(port, "/plain") == 429
    return held


def test_places_of_a_vm_that_has_trapped_are_free_when_their_leases_end(bundle_module: Path) -> None:
    async def main(model: Service, port: int) -> None:
        held = await hold(model, port)
        await asyncio.sleep(RENEWED_TWICE)
        assert await status(port, "/plain") == 429, "the leases of streams that are under way are renewed"
        assert await status(port, "/trap") == 503
        # Envoy leaves the streams of that VM open; their clients leave.
        for client in held:
            client.cancel()
        await until(lambda: model.now == 0)
        model.go_on.set()
        statuses = await statuses_until_it_passes(port)
        assert 429 in statuses, "the new VM counts the places that the old one has not given back"
        # And all of them are there again, no more and no fewer.
        model.go_on.clear()
        held = await hold(model, port)
        model.go_on.set()
        assert await asyncio.gather(*held) == [200] * PLACES

    async def run() -> None:
        async with service() as model:
            for envoy in gateway(bundle_module, model.port):
                await main(model, envoy.port)

    asyncio.run(run())
