"""`proxywasm serve`: a gateway file in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable
from typing import Final

from ...building.flagship import NotInstalledError
from ..model import Gateway
from ..values import Address
from .admin.pages import serving_admin
from .demo import FakeService, demo_gateway
from .errors import LiveError
from .metrics import GatewayMetrics
from .plugins import LivePlugins
from .shared import Shared
from .worker import LiveWorker

GRACE_SECONDS: Final = 10.0
"""For requests that are under way when the gateway is told to end."""


def refuse_what_only_envoy_has(gateway: Gateway) -> None:
    """Raises `LiveError`: nothing that a file says may be ignored."""
    for key, there in (("limits.watchdog", gateway.limits.watchdog is not None),):
        if there:
            raise LiveError(f"{key}: `proxywasm serve` has no such thing yet; leave it out, or use `proxywasm envoy`")


def serve(
    gateway: Gateway,
    plugins: LivePlugins,
    listening: socket.socket,
    shared: Shared,
    *,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    access: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT; then take no more requests, and end when those under way have ended."""

    async def main() -> None:
        end, serves = ending(), asyncio.Event()
        metrics = None if gateway.admin is None else GatewayMetrics(shared.gateway, gateway)

        def is_ready() -> bool:
            return serves.is_set() and not end.is_set()

        def begin() -> None:
            serves.set()
            ready(f"http://{gateway.listen}")

        async with serving_admin(gateway, shared, is_ready):
            await run(gateway, plugins, listening, end, begin, log, access, metrics)

    asyncio.run(main())


def serve_demo(
    listening: socket.socket,
    address: Address,
    *,
    start: Callable[[Gateway], LivePlugins],
    ready: Callable[[str], None],
    log: Callable[[str], None],
) -> None:
    """The same with the gateway of the demo and its fake service. Raises `LiveError`."""

    async def main() -> None:
        end = ending()
        service = FakeService()
        await service.start()
        try:
            gateway = demo_gateway(address, service.port)
            await run(gateway, start(gateway), listening, end, lambda: ready(f"http://{address}"), log)
        except NotInstalledError as error:
            raise LiveError(str(error)) from None
        finally:
            await service.stop()

    asyncio.run(main())


def ending() -> asyncio.Event:
    """Set when the process is told to end."""
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    return end


async def run(
    gateway: Gateway,
    plugins: LivePlugins,
    listening: socket.socket,
    end: asyncio.Event,
    ready: Callable[[], None],
    log: Callable[[str], None],
    access: Callable[[str], None] = lambda _: None,
    metrics: GatewayMetrics | None = None,
) -> None:
    tls = ssl.create_default_context(cafile=str(gateway.ca_file)) if gateway.ca_file is not None else None
    worker = LiveWorker(gateway, plugins, log=log, access=access, upstream_tls=tls, metrics=metrics)
    await worker.start(listening)
    ready()
    await end.wait()
    await worker.stop(GRACE_SECONDS)
