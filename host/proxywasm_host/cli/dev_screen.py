"""What `proxywasm dev` shows: a line for each stream, blocks for errors; colours on a terminal only."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TextIO

import click

from proxywasm.wire import LogLevel

from ..escapes import visible
from ..gateway.live.access import AccessLine
from ..reading import shown
from ..services import LogRecord

_BESIDE_PATH: Final = 100
"""Columns of a stream's line besides its path."""
_SHORTEST_PATH: Final = 20
_LONGEST_PATH: Final = 60
_COLOURS: Final = {
    LogLevel.TRACE: "bright_black",
    LogLevel.DEBUG: "bright_black",
    LogLevel.WARN: "yellow",
    LogLevel.ERROR: "red",
    LogLevel.CRITICAL: "red",
}
_COMPLETE: Final = "complete"


class DevScreen:
    """`on_ready` is called in the loop that serves, when it does, with the URL of the gateway. `builds`: a load
    takes the time of a build."""

    def __init__(self, out: TextIO, on_ready: Callable[[str], None], *, builds: bool) -> None:
        self._out = out  # not `sys.stdout`, which is the plugin's log while a native plugin runs
        self._on_ready = on_ready
        self._coloured = out.isatty() and not os.environ.get("NO_COLOR")
        self._builds = builds
        self._began = 0.0

    def ready(self, url: str) -> None:
        self._on_ready(url)

    def ended(self, stream: AccessLine) -> None:
        self.line(*self._columns(stream))

    def logged(self, record: LogRecord) -> None:
        self._print(self._styled(visible(str(record)), fg=_COLOURS.get(record.level)))

    def say(self, message: str) -> None:
        self.line(self._styled(visible(message), fg="yellow"))

    # Loads.

    def loading(self, changed: Collection[Path]) -> None:
        self._began = time.monotonic()
        names = ", ".join(sorted({_relative(f"{file.absolute()}{'/' * file.is_dir()}") for file in changed}))
        building = "; building it, and the last version answers meanwhile" if self._builds else ""
        self.line(f"{visible(names)} changed{building}" if names else f"loading again{building}")

    def loaded(self, generation: int) -> None:
        seconds = _time(time.monotonic() - self._began)
        self.line(self._styled(f"loaded in {seconds}; new streams are served by version {generation}", fg="green"))

    def refused(self, generation: int, error: str) -> None:
        self._block(f"not loaded; version {generation} serves on", error)

    def not_started(self, error: str) -> None:
        self._block("not started; waiting for a change", error)

    def _block(self, heading: str, error: str) -> None:
        lines = [self._styled(heading, fg="red", bold=True)]
        lines += [f"    {line}".rstrip() for line in visible(_relative(error)).splitlines()]
        self.line("\n".join(lines))

    # A stream.

    def _columns(self, stream: AccessLine) -> list[str]:
        width = shutil.get_terminal_size((_BESIDE_PATH + _LONGEST_PATH // 2, 24)).columns if self._coloured else 0
        room = min(max(width - _BESIDE_PATH, _SHORTEST_PATH), _LONGEST_PATH)
        size = _count(stream.events, "event") if stream.streams else _count(stream.sent, "byte")
        columns = [
            f"{stream.method:<6}",
            f"{shown(stream.path, room):<{room}}",
            self._status(stream.status),
            f"first {_time(stream.first_byte_seconds):>7}",
            f"all {_time(stream.seconds):>7}",
            f"{size:>12}",
            shown(stream.upstream) or "-",
        ]
        if stream.ended != _COMPLETE:
            columns.append(self._styled(visible(stream.ended), fg="yellow"))
        return columns

    def _status(self, status: int) -> str:
        colour = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}.get(status // 100)
        return self._styled(f"{status or '-':>3}", fg=colour)

    # Output.

    def line(self, *columns: str) -> None:
        self._print("  ".join([self._styled(time.strftime("%H:%M:%S"), fg="bright_black"), *columns]))

    def _print(self, text: str) -> None:
        # In one call, because two threads print.
        with suppress(OSError):  # the terminal is gone
            self._out.write(text + "\n")
            self._out.flush()

    def _styled(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self._coloured and any(style.values()) else text


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _relative(text: str) -> str:
    return text.replace(f"{Path.cwd()}/", "") or "this folder"
