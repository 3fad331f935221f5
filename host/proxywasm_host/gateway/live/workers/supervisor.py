"""The parent of the workers: starts them, starts one again that has died, and ends them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Final

from ....recordings.recorder import RecordOptions
from ....services.stored import Store, StoreError, withdraw_leases
from ...console.live.log import LogRing
from ...console.making import serving_console
from ...model import Gateway
from ...reloading import Reloader, ReloadLines
from ...source import GatewaySource
from ..admin.pages import serving_admin
from ..errors import LiveError
from ..listening import listen
from ..metrics import GatewayMetrics, show_reloads
from ..replacing import check_natively
from ..serving import ending, engineered, has_metrics, url
from ..shared import Shared
from ..starting import compile_plugins
from .asked import AskedWorkers
from .channel import Configuration, Decision, Link, Task
from .processes import first_of, how_ended, send_signal

_CHILD: Final = "proxywasm_host.gateway.live.workers.child"
_LATE: Final = 5.0
"""Seconds after which a worker is killed that has not ended when its streams had their time."""
_SHORT_LIFE: Final = 10.0
"""Seconds. A worker that has lived shorter is started again after a pause, which doubles each time."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0
_PATIENCE: Final = 3
"""Short lives in a row after which new connections go to the other workers during a pause."""


def prepare_workers(gateway: Gateway, *, native: bool, progress: Callable[[str], None]) -> None:
    """What is done once for all workers, before they start. Raises `LiveError`."""
    if not hasattr(socket, "SO_REUSEPORT") or sys.platform != "linux":
        raise LiveError("workers: more than one needs Linux, which distributes connections over them")
    if not native:
        compile_plugins(gateway, progress)


def supervise(
    source: GatewaySource,
    gateway: Gateway,
    *,
    native: bool,
    watch: bool,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    record: RecordOptions | None = None,
    lines: LogRing | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; then take no more requests, and end when those under way have ended. Load the file
    again at SIGHUP, and with `watch` when it changes.

    Raises `LiveError`.
    """

    async def main() -> None:
        supervisor = Supervisor(source, gateway, native=native, watch=watch, log=log, record=record, lines=lines)
        await supervisor.run(lambda: ready(url(gateway)))

    asyncio.run(main())


class Supervisor:
    """Use it in the loop that is to supervise; the main thread's, because of signals."""

    def __init__(
        self,
        source: GatewaySource,
        gateway: Gateway,
        *,
        native: bool,
        watch: bool,
        log: Callable[[str], None],
        record: RecordOptions | None = None,
        lines: LogRing | None = None,
    ) -> None:
        """`lines` has those of the log, if the file wants a console.

        Raises `LiveError` if the port is in use, or if there is no place for what workers share."""
        self._gateway = gateway
        self._number = 1
        self._source = source
        self._native = native
        self._record = record
        self._lines = lines
        self._asked = AskedWorkers(wanted=lines is not None, workers=gateway.workers)
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        listen("listen", gateway.listen).close()  # or several gateways could listen at one port without knowing
        self._listening: list[socket.socket | None] = [
            listen("listen", gateway.listen, reuse_port=True) for _ in range(gateway.workers)
        ]
        self._processes: dict[int, Process] = {}
        try:
            self._store = Store.make(os.getpid())
        except StoreError as error:
            raise LiveError(f"workers: {error}") from None
        self._shared = Shared((plugin.name for plugin in gateway.plugins), self._store)
        self._links: dict[int, Link] = {}  # with the workers that serve
        self._reloader = Reloader(
            source, gateway, errors=(LiveError,), watch=watch, report=ReloadLines(source, log),
            on_status=lambda status: show_reloads(self._shared.gateway, status),
        )  # fmt: skip
        self._reloader.take = self._replace

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT. Raises `LiveError` if the workers cannot start."""
        self._end = ending(self._kill)
        places = range(self._gateway.workers)
        started: list[asyncio.Future[str]] = [self._loop.create_future() for _ in places]
        keepers = [self._loop.create_task(self._keep(place, started[place])) for place in places]
        end = self._loop.create_task(self._end.wait())
        engine = engineered(self._shared, self._asked.peers, native=self._native, lines=self._lines)
        try:
            async with (
                serving_console(self._source, self._reloader, engine, self._log, url(self._gateway)) as console,
                serving_admin(self._gateway, self._shared, self._is_ready, lambda: self._reloader.status, console),
            ):
                await first_of(asyncio.gather(*started), end, *keepers)
                if errors := [future.result() for future in started if future.done() and future.result()]:
                    raise LiveError(errors[0])
                if not end.done():
                    self._loop.add_signal_handler(signal.SIGHUP, self._reloader.request)
                    self._reloader.start()
                    ready()
                await first_of(end, *keepers)
                await self._stop(keepers)
        finally:
            await self._stop(keepers)
            self._store.remove()

    def _is_ready(self) -> bool:
        return bool(self._links) and not self._end.is_set()

    async def _keep(self, place: int, started: asyncio.Future[str]) -> None:
        """Keep one worker running. `started` gets what keeps it from starting for the first time; empty: nothing."""
        short_lives = 0
        while not self._end.is_set():
            began = self._loop.time()
            how = await self._live(place, started)
            if self._end.is_set() or (started.done() and started.result()):
                return
            self._log(f"worker {place} {how}; it is started again")
            short_lives = short_lives + 1 if self._loop.time() - began < _SHORT_LIFE else 0
            if short_lives:
                await self._pause(place, short_lives)

    async def _live(self, place: int, started: asyncio.Future[str]) -> str:
        """The life of one process, and how it has ended."""
        try:
            process, link, task = await self._start(place)
        except (LiveError, OSError) as error:
            if not started.done():
                started.set_result(f"worker {place} cannot be started: {error}")
            return f"cannot be started: {error}"
        problem = await link.ask(task)
        if not started.done():
            started.set_result(f"worker {place} has ended before it served" if problem is None else problem)
        if problem == "":
            link.number = task.configuration.number
            self._links[place] = link
            await self._bring_up_to_date(place, link)
        code = await process.wait()
        link.close()
        self._links.pop(place, None)
        self._processes.pop(place, None)
        self._asked.remove(place)
        self._store.forget_dead_readers()
        withdraw_leases(self._store, process.pid)
        if has_metrics(self._gateway):
            GatewayMetrics(self._shared.gateway, self._gateway, place).gone()
        return f"(pid {process.pid}) {f'cannot serve: {problem}' if problem else f'has ended {how_ended(code)}'}"

    async def _start(self, place: int) -> tuple[Process, Link, Task]:
        listening = self._listening[place]
        if listening is None:
            listening = self._listening[place] = listen("listen", self._gateway.listen, reuse_port=True)
        ours, theirs = socket.socketpair()
        console = self._asked.sockets()
        files = [theirs.fileno(), listening.fileno(), *(one.fileno() for one in console[1:])]
        with ExitStack() as closed:
            for one in (theirs, *console[1:]):
                closed.enter_context(one)
            # Signals of a terminal reach only this process, which passes them on.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", _CHILD, str(files[0]), f"worker-{place}",
                stdin=DEVNULL, pass_fds=files, start_new_session=True,
            )  # fmt: skip
        self._processes[place] = process
        if self._end.is_set():  # it was told to the others while this one started
            send_signal(process, signal.SIGTERM)
        configuration = self._configuration(self._gateway, self._number)
        task = Task(
            configuration, self._native, place, self._store.folder, listening.fileno(), self._record, *files[2:]
        )
        if console:
            await self._asked.add(place, console[0])
        return process, Link(*await asyncio.open_connection(sock=ours)), task

    def _configuration(self, gateway: Gateway, number: int) -> Configuration:
        return Configuration(_share(gateway), number, tuple(self._shared.data))

    def _replace(self, gateway: Gateway) -> None:
        """For the reloader's thread. Raises `LiveError` or `GatewayFileError`; then all serve what they have served."""
        check_natively(self._source, gateway, native=self._native)
        if not self._native:
            compile_plugins(gateway, lambda _: None)
        asyncio.run_coroutine_threadsafe(self._have_workers_replace(gateway), self._loop).result()

    async def _have_workers_replace(self, gateway: Gateway) -> None:
        """All of them, or none: each starts it first, and takes it when all others have started it, too."""
        self._shared.add(plugin.name for plugin in gateway.plugins)
        configuration = self._configuration(gateway, self._number + 1)
        links = dict(self._links)
        answers = await asyncio.gather(*(link.ask(configuration) for link in links.values()))
        if problems := [*filter(None, map(_problem, links, answers))]:
            await asyncio.gather(*(link.ask(Decision(take=False)) for link in links.values()))
            raise LiveError(problems[0])
        self._gateway, self._number = gateway, configuration.number
        await asyncio.gather(*(self._let_take(place, link) for place, link in links.items()))
        # Those that have come up meanwhile have what was there when they began.
        await asyncio.gather(*(self._bring_up_to_date(place, link) for place, link in self._links.items()))

    async def _bring_up_to_date(self, place: int, link: Link) -> None:
        if link.number != self._number:
            if await link.ask(self._configuration(self._gateway, self._number)) == "":
                await self._let_take(place, link)
            else:
                self._give_up(place)

    async def _let_take(self, place: int, link: Link) -> None:
        link.number = self._number
        if await link.ask(Decision(take=True)) != "":
            self._give_up(place)

    def _give_up(self, place: int) -> None:
        """The worker does not do what it could do a moment ago: another one takes its place."""
        if (process := self._processes.get(place)) is not None:
            send_signal(process, signal.SIGTERM)

    async def _pause(self, place: int, short_lives: int) -> None:
        if short_lives >= _PATIENCE and (listening := self._listening[place]) is not None:
            listening.close()
            self._listening[place] = None
        seconds = min(_FIRST_PAUSE * 2.0**short_lives, _LONGEST_PAUSE)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._end.wait(), seconds)

    def _kill(self, number: int) -> None:
        """A second signal: end at once, whatever is under way."""
        del number
        for process in [*self._processes.values()]:
            send_signal(process, signal.SIGKILL)

    async def _stop(self, keepers: list[asyncio.Task[None]]) -> None:
        self._end.set()
        self._reloader.stop()
        for listening in self._listening:
            if listening is not None:
                listening.close()
        for process in [*self._processes.values()]:
            send_signal(process, signal.SIGTERM)
        seconds = self._gateway.limits.drain + _LATE
        _, late = await asyncio.wait(keepers, timeout=seconds)
        if late:
            for place, process in [*self._processes.items()]:
                self._log(f"worker {place} (pid {process.pid}) has not ended in {seconds:g} seconds, and is killed")
                send_signal(process, signal.SIGKILL)
            await asyncio.wait(late)
        for keeper in keepers:
            keeper.result()


def _share(gateway: Gateway) -> Gateway:
    """What one worker serves: limits are of all together."""
    limits = gateway.limits
    most = max(limits.connections // gateway.workers, 1)
    return gateway.model_copy(update={"limits": limits.model_copy(update={"connections": most})})


def _problem(place: int, answer: str | None) -> str | None:
    """What has kept a worker from starting a configuration."""
    return f"worker {place} has ended while it started this" if answer is None else answer
