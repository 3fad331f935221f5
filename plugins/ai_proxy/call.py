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
    host: str = ""
    """The upstream host that a codec chooses; empty: that of the row."""
    headers: dict[str, str | None] = field(default_factory=dict)
    """Request headers that a codec sets, or removes (None)."""
    asked_headers: dict[str, str] = field(default_factory=dict)
    """The client's headers that the row wants to see."""
    answer_headers: dict[str, str] = field(default_factory=dict)
    """Response headers that a codec sets before the first of the answer is sent."""
    sent: bytes | None = field(default=None, repr=False)
    """The body that went upstream, as long as a retry may need it."""
    used: list[str] = field(default_factory=list, repr=False)
    """Tokens of earlier attempts."""
    state: Any = None
    """The codec's own memory of the stream."""
    files: dict[str, Any] = field(default_factory=dict)
    """Files that the request names and that have been fetched, by address."""
    answer_id: str = ""
    """The id of the answer, where a header says it."""
    front: str = ""
    """The API that the client asked for, where a front answers it; `route` is then that of the pivot."""
    thinking: dict[str, Any] | None = None
    """What a client of Anthropic's API says about thinking: `type`, `budget_tokens`."""
    usage_choice: bool = False
    """The usage chunk of a stream has a choice with an empty delta, and not an empty list of choices."""

    api: str = field(init=False)
    """The API that is asked for, by its name in `apis`; that of the route."""

    def __post_init__(self) -> None:
        self.api = self.route.api

    def turn_to(self, api: str) -> None:
        """From here on the request is one for another API."""
        self.route = Route(api)
        self.api = api

    @property
    def tokens(self) -> tuple[str, ...]:
        """Those of all attempts; a failure that is told in the end may be that of the first."""
        return (*self.used, self.token)
