"""The console of a gateway: its parts put together, and served."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ...cache import CacheFolderError, cache_folder
from ..live.errors import LiveError
from ..live.listening import listen
from ..model import Gateway, PluginEntry
from ..reader import GatewayFileError
from ..reloading import Reloader
from ..source import GatewayFile, GatewaySource
from .changes.applying import Applying
from .changes.edits import Editing
from .changes.history import History, folder_of
from .changes.writing import read_file
from .context import MISSING, Console
from .live.feed import Live
from .live.log import LogRing
from .live.peers import Peers
from .live.samples import Sample, Samples
from .server import changing, reading, recorded, watching
from .server.api import Api
from .server.guard import Guard
from .server.pages import ConsolePages
from .server.token import Token, TokenError
from .texts.secrets import Secrets
from .times import iso


@dataclass(frozen=True)
class Engineered:
    """What a console needs of the engine.

    Args:
        config_of: the configuration text that a plugin gets.
        peers: the processes that have streams.
        log: lines of this process, if it has no streams.
        all_metrics: as `GET metrics` answers.
        sample: of the most important metrics.
        state: what plugins keep.
    """

    config_of: Callable[[PluginEntry], str]
    native: bool
    peers: Peers
    log: LogRing | None
    all_metrics: Callable[[], Awaitable[Any]]
    sample: Callable[[], Awaitable[Sample | None]]
    state: Callable[[Gateway, Secrets], Any]


@contextlib.asynccontextmanager
async def serving_console(
    source: GatewaySource, reloader: Reloader, engine: Engineered, tell: Callable[[str], None], url: str
) -> AsyncIterator[ConsolePages | None]:
    """The console's pages, for the listener of `admin`; served where the file gives it a listener of its own. None: the
    file has no console.

    `tell` gets lines for the log. Raises `LiveError`.
    """
    gateway = reloader.gateway
    if gateway.console is None:
        yield None
        return
    assert isinstance(source, GatewayFile)
    address = gateway.console.listen or gateway.admin
    assert address is not None

    def say(line: str) -> None:
        tell(f"console: {line}")

    try:
        guard = Guard(Token(gateway.console), address, gateway.console.hosts, _Seldom(say).say)
    except TokenError as error:
        raise LiveError(f"console: {error}") from None
    console = _console(source, reloader, engine, say, url)
    missing = {} if console.engine == "serve" else MISSING
    routes = {**reading.routes(console), **changing.routes(console), **watching.routes(console)}
    if "record" in console.features:
        routes |= recorded.routes(console)
    api = Api(routes, console.editing.secrets, missing, console.learn)
    pages = ConsolePages(guard, api.answer)
    if gateway.console.listen is not None:
        await pages.start(listen("console.listen", gateway.console.listen))
    sampling = asyncio.create_task(console.live.samples.run())
    try:
        yield pages if gateway.console.listen is None else None
    finally:
        sampling.cancel()
        await pages.stop()
        await asyncio.gather(sampling, return_exceptions=True)


def _console(
    source: GatewayFile, reloader: Reloader, engine: Engineered, say: Callable[[str], None], url: str
) -> Console:
    """Raises `LiveError`."""
    try:
        folder = folder_of(cache_folder(), source.path)
    except CacheFolderError as error:
        raise LiveError(f"console: {error}") from None
    editing = Editing(source.path, source.engine, lambda: reloader.gateway, engine.config_of, native=engine.native)
    history = History(folder / "history")

    async def reload() -> Any:
        try:
            etag = (await asyncio.to_thread(read_file, source.path)).etag
        except GatewayFileError:
            etag = None
        return {**console.reload(), "etag": etag}

    async def sample() -> Sample | None:
        await console.learn()  # also while nobody asks: lines of the log may have secrets that are changed later
        return await engine.sample()

    live = Live(
        engine.peers,
        engine.log,
        Samples(sample),
        engine.all_metrics,
        lambda: engine.state(reloader.gateway, editing.secrets),
        reload,
    )
    console = Console(
        version("proxywasm"),
        url,
        iso(time.time()),
        reloader.gateway.workers,
        folder,
        editing,
        Applying(editing, reloader, history, say),
        history,
        reloader,
        live,
        say,
    )
    return console


class _Seldom:
    """Lines about requests that are refused: not more than some of them in a second, whatever somebody tries."""

    _MOST = 10

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._second = 0
        self._count = 0

    def say(self, line: str) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count <= self._MOST:
            self._say(line)
