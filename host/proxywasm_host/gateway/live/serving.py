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
from .demo import FakeService, demo_gateway
from .plugins import LivePlugins
from .starting import LiveError
from .worker import LiveWorker

_BACKLOG: Final = 1024
GRACE_SECONDS: Final = 10.0
"""For requests that are under way when the gateway is told to end."""


def refuse_what_only_envoy_has(gateway: Gateway) -> None:
    """Raises `LiveError`: nothing that a file says may be ignored."""
    for key, there in (
        ("admin", gateway.admin is not None),
        ("limits.watchdog", gateway.limits.watchdog is not None),
    ):
        if there:
            raise LiveError(f"{key}: `proxywasm serve` has no such thing yet; leave it out, or use `proxywasm envoy`")


def listen(address: Address, *, reuse_port: bool = False) -> socket.socket:
    """`reuse_port`: other sockets that were made like this may listen there, too. Raises `LiveError`."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((address.host, address.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise LiveError(f"listen: {address} cannot be used: {error.strerror}") from None
    listening.setblocking(False)
    return listening


def serve(
    gateway: Gateway,
    plugins: LivePlugins,
    listening: socket.socket,
    *,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    access: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT; then take no more requests, and end when those under way have ended."""

    async def main() -> None:
        end = ending()
        await run(gateway, plugins, listening, end, lambda: ready(f"http://{gateway.listen}"), log, access)

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
) -> None:
    tls = ssl.create_default_context(cafile=str(gateway.ca_file)) if gateway.ca_file is not None else None
    worker = LiveWorker(gateway, plugins, log=log, access=access, upstream_tls=tls)
    await worker.start(listening)
    ready()
    await end.wait()
    await worker.stop(GRACE_SECONDS)
