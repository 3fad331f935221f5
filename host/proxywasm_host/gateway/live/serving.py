"""`proxywasm serve`: a gateway file in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable
from typing import Any

from ...building.flagship import NotInstalledError
from ..model import Gateway
from ..values import Address
from .demo import FakeService, demo_gateway
from .plugins import LivePlugins
from .starting import LiveError
from .worker import BACKLOG, LiveWorker


def listen(address: Address) -> socket.socket:
    """Raises `LiveError`."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # `[::]` is for IPv4, too, as in Envoy
        listening.bind((address.host, address.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise LiveError(f"listen: {address} cannot be used: {_why(error, address)}") from None
    listening.setblocking(False)
    return listening


def _why(error: OSError, address: Address) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"another process listens at port {address.port}; stop it, or change `listen`"
        case errno.EACCES:
            return f"only root may use port {address.port}; choose one from 1024 on"
        case errno.EADDRNOTAVAIL:
            return f"this machine does not have the address {address.host}; 0.0.0.0 stands for all that it has"
    return error.strerror or str(error)


def serve(
    gateway: Gateway,
    plugins: LivePlugins,
    listening: socket.socket,
    *,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    access: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT; then take no more requests, and end when those under way have ended, after
    `limits.drain` seconds at the latest."""

    async def main() -> None:
        end = ending()
        await run(gateway, plugins, listening, end, lambda: ready(url(gateway)), log, access)

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


def url(gateway: Gateway) -> str:
    return f"{'http' if gateway.tls is None else 'https'}://{gateway.listen}"


async def run(
    gateway: Gateway,
    plugins: LivePlugins,
    listening: socket.socket,
    end: asyncio.Event,
    ready: Callable[[], None],
    log: Callable[[str], None],
    access: Callable[[str], None] = lambda _: None,
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: _report(loop, context, log))
    worker = LiveWorker(gateway, plugins, log=log, access=access)
    await worker.start(listening)
    ready()
    await end.wait()
    await worker.stop(gateway.limits.drain)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any], log: Callable[[str], None]) -> None:
    """What the system refuses is a line; anything else is a fault of ours, with its traceback."""
    error = context.get("exception")
    if isinstance(error, OSError):
        log(f"{context['message']}: {error.strerror or error}")
    else:
        loop.default_exception_handler(context)
