"""What the paths of the API need of the gateway that the console belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..engines import Engine
from ..reader import GatewayFileError
from ..reloading import Reloader
from .changes.applying import Applying
from .changes.edits import Editing
from .changes.history import History
from .changes.writing import read_file
from .live.feed import Live
from .times import iso

_FEATURES: Final[dict[Engine, list[str]]] = {
    "serve": ["edit", "history", "metrics", "log", "streams", "state", "record", "replay"],
    "envoy": ["edit", "history", "metrics", "log"],
}
MISSING: Final = {
    "streams": "Envoy does not tell which streams are open; its access log has those that have ended",
    "state": "the shared data of plugins is inside Envoy",
    "recordings": "in Envoy, `proxywasm envoy --run --record` records",
}
"""What the console of Envoy does not have, and why."""


@dataclass
class Console:
    version: str
    url: str
    started: str
    workers: int
    folder: Path
    """Where it keeps history and recordings."""
    editing: Editing
    applying: Applying
    history: History
    reloader: Reloader
    live: Live
    say: Callable[[str], None]
    """A line in the log."""
    _learned: int = 0
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def engine(self) -> Engine:
        return self.editing.engine

    @property
    def features(self) -> list[str]:
        return _FEATURES[self.engine]

    async def learn(self) -> None:
        """Know the secrets of what serves, before anything is told."""
        async with self._learning:
            if self._learned != self.reloader.status.generation:
                self._learned = self.reloader.status.generation
                await asyncio.to_thread(self._learn)

    def _learn(self) -> None:
        self.editing.effective()
        try:
            self.editing.masked(read_file(self.editing.path).text)
        except GatewayFileError:
            return  # whoever asks for it is told

    def reload(self) -> dict[str, Any]:
        status = self.reloader.status
        return {
            "generation": status.generation,
            "since": iso(status.since),
            "refused": status.refused,
            "error": status.error,
        }
