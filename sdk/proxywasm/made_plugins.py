"""Record the plugins that are made while a source is imported. Sources are imported within `MadePlugins`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Made:
    """A plugin, and the statement at module level that made it."""

    plugin: object
    file: str
    line: int


class MadePlugins:
    """Records the plugins that are made within it."""

    running: MadePlugins | None = None

    def __init__(self) -> None:
        self.all: list[Made] = []
        self._before: MadePlugins | None = None

    def __enter__(self) -> MadePlugins:
        self._before, MadePlugins.running = MadePlugins.running, self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        MadePlugins.running = self._before

    def beside(self, plugin: object) -> list[Made]:
        """All that the file of this plugin has made, itself included; empty if it was made before."""
        file = next((made.file for made in self.all if made.plugin is plugin), None)
        return [made for made in self.all if made.file == file]


def note(plugin: object) -> None:
    """Record a plugin that was just made, if a module is being imported."""
    if MadePlugins.running is None:
        return
    frame = sys._getframe(1)
    while frame.f_code.co_name != "<module>":
        if frame.f_back is None:
            return
        frame = frame.f_back
    MadePlugins.running.all.append(Made(plugin, frame.f_code.co_filename, frame.f_lineno))
