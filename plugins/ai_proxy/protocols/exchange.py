"""`Exchange`: what is known about one request on its way to a provider and back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ..config.settings import Settings
from ..credentials.scrubber import NO_CREDENTIALS
from ..wire.apis import Route

if TYPE_CHECKING:
    from ..fetching.kept import Kept

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Exchange:
    """One per stream; a codec finds and leaves here what concerns this stream only."""

    __slots__ = (
        "answer_headers", "answer_id", "api", "asked_headers", "asked_model", "choices", "files", "form", "front",
        "headers", "held", "host", "kept", "model", "passes", "path", "route", "scrubber", "sent", "settings",
        "signature", "state", "status", "stream", "thinking", "token", "undecided", "usage_choice", "used",
    )  # fmt: skip

    def __init__(self, settings: Settings, route: Route) -> None:
        self.settings = settings
        self.route = route
        self.api = route.api
        """The API that is asked for, by its name in `apis`; that of the route."""
        self.token = self.signature = ""
        """What the request proves with who sends it: one or the other."""
        self.scrubber = NO_CREDENTIALS
        """Removes all credentials of this exchange from what leaves for the client or the log."""
        self.kept: Kept | None = None  # Counts what waits in the instance, where anybody does.
        self.asked_model = self.model = ""
        """Before and after model mapping."""
        self.stream = False
        self.choices = 1
        """How many answers are asked for."""
        self.front = ""
        """The API that the client asked for, where a front answers it; `route` is then that of the pivot."""
        self.thinking: dict[str, Any] | None = None
        """What a client of Anthropic's API says about thinking: `type`, `budget_tokens`."""
        self.form = ""
        """The content type of the client's body where that is a form; empty: the body is JSON."""
        self.asked_headers: Mapping[str, str] = _NOTHING
        """The client's headers that the row wants to see."""
        self.path = ""
        """The upstream path that a codec chooses; empty: that of the row."""
        self.host = ""
        """The upstream host that a codec chooses; empty: that of the row."""
        self.headers: dict[str, str | None] = {}
        """Request headers that a codec sets, or removes (None)."""
        self.files: dict[str, Any] = {}
        """Files that the request names and that have been fetched, by address."""
        self.sent: bytes | None = None
        """The body that went upstream, as long as a retry may need it."""
        self.used: list[str] = []
        """Tokens of earlier attempts."""
        self.state: Any = None
        """The codec's own memory of the stream."""
        self.status = 0
        """That of the upstream's answer."""
        self.held = False
        """The answer is a failure, and waits until it is known whether the request can be made again."""
        self.passes = False
        """The answer goes on as it came, but for credentials in it."""
        self.undecided = False
        """The answer has a good status, and may still turn out to be an error: `failover` waits for its body."""
        self.answer_id = ""
        """The id of the answer, where a header says it."""
        self.answer_headers: dict[str, str] = {}
        """Response headers that a codec sets before the first of the answer is sent."""
        self.usage_choice = False
        """The usage chunk of a stream has a choice with an empty delta, and not an empty list of choices."""

    def turn_to(self, api: str) -> None:
        """From here on the request is one for another API."""
        self.route = Route(api)
        self.api = api

    @property
    def tokens(self) -> tuple[str, ...]:
        """Those of all attempts; a failure that is told in the end may be that of the first."""
        return (*self.used, self.token)
