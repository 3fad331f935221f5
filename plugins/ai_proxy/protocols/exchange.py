"""`Exchange`, the state of one request and its answer, and `ClientProtocol`, the protocol of its client.

The two refer to each other, so one module declares both. `interface` exports everything that a protocol implements.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from ..config.settings import Settings
from ..credentials.scrubber import NO_CREDENTIALS
from ..wire.apis import Route
from ..wire.errors import ApiError
from ..wire.files import Data
from ..wire.json import Json
from ..wire.kept import Kept
from .stream_writer import StreamWriter

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Thinking(NamedTuple):
    """Whether a client enables thinking, and its budget in tokens."""

    enabled: bool
    budget: float | None = None


class ClientProtocol(Protocol):
    """A protocol of clients. Modules with these names implement it; `clients` lists them.

    Chats are converted to the pivot (OpenAI chat as plain JSON) and back. If the provider has the protocol's own APIs,
    nothing is converted.
    """

    @property
    def chat_api(self) -> str:
        """The API of its chats."""

    @property
    def apis(self) -> frozenset[str]:
        """Its APIs: their errors have this protocol's format."""

    @property
    def is_pivot(self) -> bool:
        """Its documents are the pivot's: they need no conversion for a service that speaks the pivot, too."""

    @property
    def keeps_signatures(self) -> bool:
        """Clients send a model's thinking back with its signatures, so answers include the signatures."""

    @property
    def dropped_query(self) -> frozenset[str]:
        """Parameters of the query that are not sent to services with another protocol."""

    def thinking(self, body: Json, /) -> Thinking | None:
        """The request's switch for thinking. None: the protocol has no switch, and the model decides."""

    def request(
        self, exchange: Exchange, body: Json, /, *, allow_extensions: bool, accepts_signed_thinking: bool
    ) -> Json:
        """The pivot's request. Raises `ApiError`.

        `allow_extensions`: a service protocol reads the result, so it may have fields that OpenAI itself refuses.
        `accepts_signed_thinking`: the service protocol accepts thinking with its signatures.
        """

    def response(self, exchange: Exchange, answer: Json, /) -> Json:
        """The client's answer. Raises `ApiError` if the pivot's answer is invalid."""

    def new_writer(self, exchange: Exchange, /) -> StreamWriter:
        """A writer for one stream."""

    def error(self, error: ApiError, /) -> Json:
        """An error in this protocol's format."""


class Exchange:
    """The state of one request and its answer. Protocols read and write it."""

    __slots__ = (
        "answer_headers", "answer_id", "api", "awaiting_retry", "choices", "client", "client_headers", "cumulative",
        "files", "form", "headers", "host", "kept", "model", "outcome_pending", "passes_through", "path",
        "requested_model", "route", "scrubber", "sent_body", "settings", "signature", "status", "stream", "thinking",
        "token", "usage_choice", "used_tokens",
    )  # fmt: skip

    def __init__(self, settings: Settings, route: Route, client: ClientProtocol) -> None:
        self.settings = settings
        self.route = route
        self.api = route.api
        """The API of the request, a name in `apis`; the same as in `route`."""
        self.client = client
        """The protocol of the client, also after its chat is converted to the pivot."""
        self.token = self.signature = ""
        """The credential of the upstream request: one of the two."""
        self.scrubber = NO_CREDENTIALS
        """Removes all credentials of this exchange from answers and log lines."""
        self.kept: Kept | None = None  # Counts the bytes that requests leave in the instance; None: not counted.
        self.requested_model = self.model = ""
        """Before and after model mapping."""
        self.stream = False
        self.choices = 1
        """The number of choices that the client requests."""
        self.thinking: Thinking | None = None
        """The client's switch for thinking, if its chat is converted to the pivot."""
        self.form = ""
        """The content type of the client's body if that is a form; empty: the body is JSON."""
        self.client_headers: Mapping[str, str] = _NOTHING
        """The client's headers that the row reads (`read_headers`)."""
        self.path = ""
        """The upstream path that a service protocol chooses; empty: that of the row."""
        self.host = ""
        """The upstream host that a service protocol chooses; empty: that of the row."""
        self.headers: dict[str, str | None] = {}
        """Request headers that a service protocol sets, or removes (None)."""
        self.files: dict[str, Data] = {}
        """Fetched files that the request names, by address."""
        self.sent_body: bytes | None = None
        """The upstream request's body, as long as a retry may need it."""
        self.used_tokens: list[str] = []
        """Tokens of earlier attempts."""
        self.cumulative = False
        """Each event of the stream repeats the whole answer so far."""
        self.status = 0
        """The status of the upstream's answer."""
        self.awaiting_retry = False
        """The answer is a failure and is held until a retry succeeds or is impossible."""
        self.passes_through = False
        """The answer is not converted; only credentials in it are masked."""
        self.outcome_pending = False
        """The status is a success, but the body may be an error: `failover` waits for the body."""
        self.answer_id = ""
        """The id of the answer, if it comes in a header."""
        self.answer_headers: dict[str, str] = {}
        """Response headers that a service protocol sets before the answer's headers are sent."""
        self.usage_choice = False
        """The usage chunk of a stream has a choice with an empty delta, and not an empty list of choices."""

    def turn_to(self, api: str) -> None:
        """Make this a request for another API."""
        self.route = Route(api)
        self.api = api

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of all attempts; the error that the client gets may be from any of them."""
        return (*self.used_tokens, self.token)
