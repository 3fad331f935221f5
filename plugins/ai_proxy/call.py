"""`Call`: what is known about one request on its way to a provider and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .apis import Route
from .settings import Settings


@dataclass(slots=True)
class Call:
    """One per stream; a codec finds and leaves here what concerns this stream only."""

    settings: Settings
    route: Route
    token: str = field(default="", repr=False)
    asked_model: str = ""
    model: str = ""
    """After model mapping."""
    stream: bool = False
    choices: int = 1
    """How many answers are asked for."""
    path: str = ""
    """The upstream path that a codec chooses; empty: that of the row."""
    headers: dict[str, str | None] = field(default_factory=dict)
    """Request headers that a codec sets, or removes (None)."""
    state: Any = None
    """The codec's own memory of the stream."""

    @property
    def api(self) -> str:
        return self.route.api
