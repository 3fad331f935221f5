"""What the console looks at, and what it is told."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ...recordings.exchange import Exchange
from .access import AccessLine, SeenModels


class OpenStream(NamedTuple):
    access: AccessLine
    state: str
    """`request`: it arrives, or a plugin keeps it; `waiting`: for the response; `streaming`: that goes to the client;
    `tunnel`: another protocol."""
    generation: int
    """The number of the configuration that it began with."""


class Observed(Protocol):
    def open_streams(self) -> list[OpenStream]:
        """The oldest first."""


class Tap(Protocol):
    """Wants recordings of some streams."""

    def takes(self) -> bool:
        """Of a stream that begins now."""

    def put(self, exchange: Exchange, size: int, /) -> None: ...


class Watcher(Protocol):
    """The console: what a worker tells it costs next to nothing as long as nobody looks."""

    @property
    def recordings(self) -> Tap: ...

    def watch(self, worker: Observed, /) -> None: ...

    def models(self) -> SeenModels | None:
        """For a stream that begins."""

    def ended(self, access: AccessLine, generation: int, /) -> None: ...
