"""`proxywasm serve`: a gateway file in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any

from ...building.flagship import NotInstalledError
from ...recordings.recorder import RecordOptions
from ..console.live.log import LogRing
from ..console.live.metrics import all_metrics, sample
from ..console.live.observing import Observer
from ..console.live.peers import LocalPeer, Peer
from ..console.live.samples import Sample
from ..console.live.state import state
from ..console.making import Engineered, serving_console
from ..model import Gateway
from ..reloading import Reloader, ReloadLines, ReloadReport
from ..source import GatewaySource
from ..values import Address
from .access import AccessLine
from .admin.pages import serving_admin
from .demo import FakeService, demo_gateway
from .errors import LiveError
from .metrics import GatewayMetrics, show_reloads
from .observed import Watcher
from .plugins import LivePlugins
from .recording import Recorder, recording
from .replacing import Replacing
from .shared import Shared
from .starting import config_of
from .tracing import Tracing
from .worker import LiveWorker


async def serve(
    source: GatewaySource,
    gateway: Gateway,
    listening: socket.socket,
    replacing: Replacing,
    plugins: LivePlugins,
    shared: Shared,
    *,
    watch: bool,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    access: Callable[[AccessLine], None],
    report: ReloadReport | None = None,
    record: RecordOptions | None = None,
    lines: LogRing | None = None,
) -> None:
    """In the loop of the main thread, because of signals.

    Serve until SIGTERM or SIGINT; then take no more requests, and end when those under way have ended, after
    `limits.drain` seconds at the latest. Load the file again at SIGHUP, and with `watch` when it changes.
    `report` says what becomes of that, by default in lines of the log.

    `access` gets each stream that has ended, if the file wants an access log. `lines` has those of the log, if the file
    wants a console.
    """
    loop = asyncio.get_running_loop()
    end, serves = ending(), asyncio.Event()
    metrics = GatewayMetrics(shared.gateway, gateway) if has_metrics(gateway) else None
    observer = None if lines is None else Observer(lines, log)

    def is_ready() -> bool:
        return serves.is_set() and not end.is_set()

    def begin(worker: LiveWorker) -> None:
        reloader.take = lambda new: replacing.replace(source, new, worker, loop)
        reloader.start()
        loop.add_signal_handler(signal.SIGHUP, reloader.request)
        serves.set()
        ready(url(gateway))

    reloader = Reloader(
        source, gateway, errors=(LiveError,), watch=watch, report=report or ReloadLines(source, log),
        on_status=lambda status: show_reloads(shared.gateway, status),
    )  # fmt: skip
    engine = engineered(shared, {} if observer is None else {0: LocalPeer(observer.answer)}, native=replacing.native)
    async with (
        serving_console(source, reloader, engine, log, url(gateway)) as console,
        serving_admin(gateway, shared, is_ready, lambda: reloader.status, console),
    ):
        try:
            with recording(record, log, tap=None if observer is None else observer.recordings) as recorder:
                await run(gateway, plugins, listening, end, begin, log, access, metrics, recorder, observer)
        finally:
            reloader.stop()
            if observer is not None:
                observer.recordings.close()


def has_metrics(gateway: Gateway) -> bool:
    """Whether anybody can see them."""
    return gateway.admin is not None or gateway.console is not None


def engineered(shared: Shared, peers: Mapping[int, Peer], *, native: bool, lines: LogRing | None = None) -> Engineered:
    """What a console needs. `lines`: of the log of this process, if it has no streams."""

    async def all_now() -> Any:
        return all_metrics(shared)

    async def sampled() -> Sample:
        return sample(shared)

    return Engineered(
        config_of=config_of,
        native=native,
        peers=lambda: peers,
        log=lines,
        all_metrics=all_now,
        sample=sampled,
        state=lambda gateway, secrets: state(gateway, shared, secrets),
    )


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
            await run(gateway, start(gateway), listening, end, lambda _: ready(f"http://{address}"), log)
        except NotInstalledError as error:
            raise LiveError(str(error)) from None
        finally:
            await service.stop()

    asyncio.run(main())


def ending(again: Callable[[int], None] | None = None) -> asyncio.Event:
    """Set when the process is told to end. `again` is called with further signals; by default they end it at once."""
    end = asyncio.Event()

    def told(number: int) -> None:
        if end.is_set():
            (again or _end_by)(number)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told, number)
    return end


def _end_by(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def url(gateway: Gateway) -> str:
    return f"{'http' if gateway.tls is None else 'https'}://{gateway.listen}"


async def run(
    gateway: Gateway,
    plugins: LivePlugins,
    listening: socket.socket,
    end: asyncio.Event,
    ready: Callable[[LiveWorker], None],
    log: Callable[[str], None],
    access: Callable[[AccessLine], None] = lambda _: None,
    metrics: GatewayMetrics | None = None,
    recorder: Recorder | None = None,
    watcher: Watcher | None = None,
    number: int = 1,
) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: _report(loop, context, log))
    tracing = None if gateway.tracing is None else Tracing(gateway.tracing)
    worker = LiveWorker(
        gateway,
        plugins,
        log=log,
        access=access,
        metrics=metrics,
        tracing=tracing,
        recorder=recorder,
        watcher=watcher,
        number=number,
    )
    await worker.start(listening)
    ready(worker)
    await end.wait()
    await worker.stop()
    if tracing is not None:
        await asyncio.to_thread(tracing.close)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any], log: Callable[[str], None]) -> None:
    """What the system refuses is a line; anything else is a fault of ours, with its traceback."""
    error = context.get("exception")
    if isinstance(error, OSError):
        log(f"{context['message']}: {error.strerror or error}")
    else:
        loop.default_exception_handler(context)
