"""A gateway file that is loaded again: its plugins are started beside those that serve, and a worker takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...services import LogRecord
from ..model import Gateway
from ..refusals import check_configurations
from ..source import GatewaySource
from .errors import LiveError
from .plugins import LivePlugins
from .shared import Shared
from .starting import Components, config_of, start_plugins
from .worker import LiveWorker


class Replacing:
    """For one worker."""

    def __init__(self, *, native: bool, on_log: Callable[[LogRecord], None], shared: Shared) -> None:
        self.native = native
        self._on_log = on_log
        self._shared = shared
        self._components = Components()

    def start(
        self, gateway: Gateway, progress: Callable[[str], None] = lambda _: None, *, anew: bool = False
    ) -> LivePlugins:
        """The first ones; with `anew` after some that could not be started. Raises `LiveError`."""
        return self._start(gateway, anew=anew, progress=progress)

    def replace(
        self, source: GatewaySource, gateway: Gateway, worker: LiveWorker, loop: asyncio.AbstractEventLoop
    ) -> None:
        """For another thread than that of `loop`, which serves while plugins are built and started.

        Raises `LiveError` or `GatewayFileError`; then the worker serves what it has served.
        """
        check_natively(source, gateway, native=self.native)
        plugins = None if self.native else self._start(gateway)

        async def take_over() -> None:
            self.take_over(worker, gateway, plugins or await self.start_beside(gateway))

        asyncio.run_coroutine_threadsafe(take_over(), loop).result()

    async def start_beside(self, gateway: Gateway) -> LivePlugins:
        """For the loop that serves, with plugins that are built already. Raises `LiveError`."""
        if self.native:  # in its thread: native plugins share the standard streams with everything in this process
            return self._start(gateway, anew=True)
        return await asyncio.to_thread(self._start, gateway)

    def take_over(self, worker: LiveWorker, gateway: Gateway, plugins: LivePlugins) -> None:
        """Raises `LiveError`; then the worker serves what it has served."""
        try:
            worker.take_over(gateway, plugins)
        except OSError as error:
            plugins.close()
            raise LiveError(f"tls: {error}") from None

    def _start(
        self, gateway: Gateway, *, anew: bool = False, progress: Callable[[str], None] = lambda _: None
    ) -> LivePlugins:
        return start_plugins(
            gateway,
            native=self.native,
            on_log=self._on_log,
            progress=progress,
            shared=self._shared,
            components=self._components,
            anew=anew,
        )


def check_natively(source: GatewaySource, gateway: Gateway, *, native: bool) -> None:
    """Try native plugins in a process of their own first: in the one that serves, a plugin that loops would stop all
    streams until it is ended. Raises `GatewayFileError`."""
    if native:
        check_configurations(gateway, source, config_of, native=True)
