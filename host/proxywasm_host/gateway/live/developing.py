"""`proxywasm dev`: serve a plugin for its author, from the first save that works on, and show what happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from ...services import LogRecord
from ..model import Gateway
from ..reader import GatewayFileError
from ..reloading import ReloadReport
from ..source import GatewayFile, GatewaySource
from ..watching import files_of, look, source_folders
from .access import AccessLine
from .errors import LiveError
from .listening import listen
from .plugins import LivePlugins
from .replacing import Replacing, check_natively
from .serving import serve
from .shared import Shared

Progress: TypeAlias = AbstractContextManager[Callable[[str], None]]
"""What says what is being done while it takes long."""
_LOOK: Final = 0.15
"""Seconds between two looks at the files of a plugin that could not be started."""


class Screen(ReloadReport, Protocol):
    """Shows it to the author. Called in the threads of the loop and of the reloader."""

    def not_started(self, error: str, /) -> None:
        """The first start has failed; the next change is a reason for another one."""

    def ready(self, url: str, /) -> None: ...

    def ended(self, stream: AccessLine, /) -> None: ...

    def logged(self, record: LogRecord, /) -> None:
        """A plugin has logged this."""

    def say(self, message: str, /) -> None:
        """A message of the gateway."""


class DevelopedFile(GatewayFile):
    """A gateway file, served by one process that shows each stream."""

    def read(self) -> Gateway:
        return super().read().model_copy(update={"access_log": True, "workers": 1})


class Development:
    """One run: `start` first, then `serve`."""

    def __init__(self, source: GatewaySource, screen: Screen, *, native: bool) -> None:
        self._source = source
        self._screen = screen
        self._native = native
        self._shared = Shared(())
        self._replacing = Replacing(native=native, on_log=screen.logged, shared=self._shared)
        self._started: tuple[Gateway, LivePlugins]

    def start(self, progress: Callable[[], Progress]) -> None:
        """Start the plugins; after a failure again when files change. In the main thread, without a loop, so that
        Ctrl-C ends it."""
        while True:
            files = self._source.files
            seen = look(files)
            try:
                gateway = self._source.read()
                files = files_of(self._source, gateway) | source_folders(gateway)
                seen = {**look(files), **seen}
                with progress() as report:
                    check_natively(self._source, gateway, native=self._native)
                    self._started = gateway, self._replacing.start(gateway, report, anew=True)
            except (GatewayFileError, LiveError) as error:
                self._screen.not_started(str(error))
                _wait_for_change(files, seen)
            else:
                return

    async def serve(self, key: str) -> None:
        """Until SIGTERM or SIGINT. `key` names what says where to listen. Raises `LiveError`."""
        gateway, plugins = self._started
        await serve(
            self._source,
            gateway,
            listen(key, gateway.listen),
            self._replacing,
            plugins,
            self._shared,
            watch=True,
            ready=self._screen.ready,
            log=self._screen.say,
            access=self._screen.ended,
            report=self._screen,
        )


def _wait_for_change(files: frozenset[Path], seen: dict[Path, tuple[int, ...] | None]) -> None:
    while look(files) == seen:
        time.sleep(_LOOK)
