"""`proxywasm serve`: a gateway file in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable
from typing import Final

from ..model import Address, Gateway
from .plugins import LivePlugins
from .starting import LiveError
from .worker import LiveWorker

_BACKLOG: Final = 1024
_GRACE_SECONDS: Final = 10.0
"""For requests that are under way when the gateway is told to end."""


def refuse_what_only_envoy_has(gateway: Gateway) -> None:
    """Raises `LiveError`: nothing that a file says may be ignored."""
    for key, there in (
        ("workers", gateway.workers != 1),
        ("admin", gateway.admin is not None),
        ("access_log", gateway.access_log),
        ("limits.watchdog", gateway.limits.watchdog is not None),
    ):
        if there:
            raise LiveError(f"{key}: `proxywasm serve` has no such thing yet; leave it out, or use `proxywasm envoy`")


def listen(address: Address) -> socket.socket:
    """Raises `LiveError`."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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
) -> None:
    """Serve until SIGTERM or SIGINT; then take no more requests, and end when those under way have ended."""
    asyncio.run(_serve(gateway, plugins, listening, ready, log))


async def _serve(
    gateway: Gateway,
    plugins: LivePlugins,
    listening: socket.socket,
    ready: Callable[[str], None],
    log: Callable[[str], None],
) -> None:
    tls = ssl.create_default_context(cafile=str(gateway.ca_file)) if gateway.ca_file is not None else None
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    worker = LiveWorker(gateway, plugins, log=log, upstream_tls=tls)
    await worker.start(listening)
    ready(f"http://{gateway.listen}")
    await end.wait()
    await worker.stop(_GRACE_SECONDS)
