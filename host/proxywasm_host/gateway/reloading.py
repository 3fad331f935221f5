"""Load a gateway file again while its gateway runs: when files change, or when the process is told to.

A load takes place in a thread of its own, one after the other. What is broken leaves the gateway as it is.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from .model import Gateway
from .reader import GatewayFileError
from .restarting import refuse_restarts
from .source import GatewaySource
from .watching import files_of, look, source_folders

_LOOK: Final = 0.1
"""Seconds between two looks at the files."""
_QUIET: Final = 0.15
"""Seconds without a change after which the files are loaded: several saves in a row are one reload."""
_PATIENCE: Final = 2.0
"""Seconds after which files are loaded that never stop changing."""
_LONGEST: Final = 1000
"""Characters of an error in the log and on the status page."""
_log = logging.getLogger("proxywasm")


@dataclass(frozen=True, slots=True)
class ReloadStatus:
    """Which configuration serves, and what became of the last one that was to take its place."""

    generation: int = 1
    """Configurations that have served, with this one."""
    since: float = field(default_factory=time.time)
    """When it began to serve."""
    refused: int = 0
    error: str = ""
    """Why the last one was refused, in one line; empty: it was not."""


class ReloadReport(Protocol):
    """Says what becomes of loads. Called in the reloader's thread."""

    def loading(self, changed: Collection[Path], /) -> None:
        """A load begins because of these files, or because the process was told to."""

    def loaded(self, generation: int, /) -> None: ...

    def refused(self, generation: int, error: str, /) -> None:
        """`generation` serves on. The error may have several lines and a traceback."""


class ReloadLines:
    """A line for each load that has ended."""

    def __init__(self, source: GatewaySource, log: Callable[[str], None]) -> None:
        self._source = source
        self._log = log

    def loading(self, changed: Collection[Path]) -> None: ...

    def loaded(self, generation: int) -> None:
        self._log(f"{self._source}: loaded again; new streams are served by configuration {generation}")

    def refused(self, generation: int, error: str) -> None:
        self._log(f"not loaded, configuration {generation} serves on: {one_line(error)}")


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the files that this process makes itself."""

    make: Callable[[], None]
    undo: Callable[[], None]
    refusal: Future[str] = field(default_factory=Future)


class StoppedError(Exception):
    """The gateway ends, and loads nothing any more."""


class Reloader:
    """Loads `source` again, and has `take` take over what it says. Set that before `start`.

    Args:
        gateway: what serves now.
        errors: what `take` raises for a gateway that cannot be used.
        watch: whether a change of a file is a reason to load, besides `request`.
        on_status: told about the status at the start, and about each change, in that thread.
    """

    def __init__(
        self,
        source: GatewaySource,
        gateway: Gateway,
        *,
        errors: tuple[type[Exception], ...],
        watch: bool,
        report: ReloadReport,
        on_status: Callable[[ReloadStatus], None] = lambda _: None,
    ) -> None:
        self.status = ReloadStatus()
        self.take: Callable[[Gateway], None]
        """Called in the thread of this object; it may take as long as it needs. What raises leaves everything as it
        was."""
        self.gateway = gateway
        """What serves."""
        self._source = source
        self._errors: tuple[type[Exception], ...] = (GatewayFileError, *errors)
        self._watch = watch
        self._report = report
        self._on_status = on_status
        self._files = files_of(source, gateway)
        self._seen = look(self._files)
        self._wake = threading.Event()
        self._requested = self._stopping = False
        self._changes: queue.SimpleQueue[_Change] = queue.SimpleQueue()

    def start(self) -> None:
        self._on_status(self.status)
        threading.Thread(target=self._run, name="reload", daemon=True).start()

    def request(self) -> None:
        """Load, also if no file has changed. While a load is under way, another one follows it."""
        self._requested = True
        self._wake.set()

    def change(self, make: Callable[[], None], undo: Callable[[], None]) -> Future[str]:
        """Have `make` change the files, and load them. Both are called in the reloader's thread.

        The result is why that was refused, after `undo` has put back what was there; empty: it serves. Gets what `make`
        or `undo` raises, and `StoppedError`.
        """
        change = _Change(make, undo)
        self._changes.put(change)
        self._wake.set()
        return change.refusal

    def stop(self) -> None:
        """Begin no more loads."""
        self._stopping = True
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(_LOOK if self._watch else None)
            self._wake.clear()
            while not self._stopping and not self._changes.empty():
                self._carry_out(self._changes.get())
            if not self._stopping and (self._requested or (self._watch and self._has_settled())):
                self._requested = False
                with suppress(StoppedError):
                    self._load()
        while not self._changes.empty():
            self._changes.get().refusal.set_exception(StoppedError("the gateway ends"))

    def _carry_out(self, change: _Change) -> None:
        try:
            change.make()
            if refusal := self._load():
                change.undo()
                self._seen = look(self._files)
        except Exception as error:
            change.refusal.set_exception(error)
        else:
            change.refusal.set_result(refusal)

    def _has_settled(self) -> bool:
        """Whether files have changed; then it waits until they do not any more."""
        now = look(self._files)
        if now == self._seen:
            return False
        latest, end = time.monotonic(), time.monotonic() + _PATIENCE
        while latest + _QUIET > time.monotonic() < end and not self._stopping:
            time.sleep(_QUIET / 5)
            if (newer := look(self._files)) != now:
                now, latest = newer, time.monotonic()
        return True

    def _load(self) -> str:
        """Why it was refused; empty: it serves. Raises `StoppedError`."""
        # What changes from here on is another change.
        before, self._seen = self._seen, look(self._files)
        self._report.loading([file for file in self._files if self._seen[file] != before.get(file)])
        folders = look(source_folders(self.gateway))
        try:
            gateway = self._source.read()
            refuse_restarts(self._source, self.gateway, gateway)
            self._look_at(self._files | files_of(self._source, gateway))
            self.take(gateway)
        except self._errors as error:
            # A module that is missing may come later.
            self._files |= folders.keys()
            self._seen = {**folders, **self._seen}
            return self._refuse(str(error))
        except Exception as error:
            if self._stopping:
                raise StoppedError("the gateway ends") from None
            _log.exception("a reload has failed, which is a fault of proxywasm")
            return self._refuse(f"{type(error).__name__}: {error}")
        else:
            self.gateway = gateway
            self._look_at(files_of(self._source, gateway))
            number = self.status.generation + 1
            self._tell(replace(self.status, generation=number, since=time.time(), error=""))
            self._report.loaded(number)
            return ""

    def _look_at(self, files: frozenset[Path]) -> None:
        now = look(files)
        self._seen = {file: self._seen.get(file, state) for file, state in now.items()}
        self._files = files

    def _refuse(self, error: str) -> str:
        self._tell(replace(self.status, refused=self.status.refused + 1, error=one_line(error)))
        self._report.refused(self.status.generation, error)
        return error

    def _tell(self, status: ReloadStatus) -> None:
        self.status = status
        self._on_status(status)


def one_line(message: str) -> str:
    """Several problems follow each other; of a traceback only the error itself is left, unless it was said before.

    >>> one_line("a.yaml:1: no\\n  a.yaml:2: neither")
    'a.yaml:1: no; a.yaml:2: neither'
    >>> one_line("the plugin raises\\n\\nTraceback (most recent call last):\\n  File x, line 1\\nKeyError: 'a'")
    "the plugin raises; KeyError: 'a'"
    """
    before, traceback, rest = message.partition("Traceback (most recent call last):")
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    if traceback:
        error = rest.strip().rpartition("\n")[2].strip()
        lines += [error] if error not in before else []
    text = "; ".join(lines)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
