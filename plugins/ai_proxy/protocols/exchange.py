"""`Exchange`, the state of one request and its answer, and `ClientProtocol`, the protocol of its client.

The two refer to each other, so one module declares both. `interface` exports everything that a protocol implements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from proxywasm import Cluster, Headers, HttpContext

from ..config.settings import Settings
from ..credentials.scrubber import NO_CREDENTIALS, Scrubber
from ..profiles.facts import UNKNOWN, Profile
from ..profiles.services import ANY, Service
from ..wire.apis import Route
from ..wire.errors import ApiError
from ..wire.files import Data
from ..wire.json import Json
from ..wire.memory_budget import MemoryBudget
from .pivot.counted import Counting
from .pivot.listed_models import ModelFormat
from .stream_writer import StreamWriter

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_NO_FILES: Final[Mapping[str, Data]] = MappingProxyType({})


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
    def paths(self) -> Mapping[str, str]:
        """The ends of paths and their APIs, for APIs that are not in the table in `wire.apis`. They are tried before
        that table."""

    @property
    def is_pivot(self) -> bool:
        """Its documents are the pivot's: they need no conversion for a service that speaks the pivot, too."""

    @property
    def has_openai_errors(self) -> bool:
        """Its errors have OpenAI's format, so those of services in this format pass unchanged."""

    @property
    def keeps_signatures(self) -> bool:
        """Clients send a model's thinking back with its signatures, so answers include the signatures."""

    @property
    def request_id_header(self) -> str:
        """The response header in which clients look for the id of the request."""

    @property
    def dropped_query(self) -> frozenset[str]:
        """Parameters of the query that are not sent to services with another protocol."""

    @property
    def dropped(self) -> Mapping[str, str]:
        """The fields of the pivot's answers that have no place in this protocol, and why. A path such as
        `choices[].message.audio` covers all below it; `choices[1:]` are further choices."""

    @property
    def counting(self) -> Counting | None:
        """How the tokens of its requests are counted; None: its clients have no API for that."""

    @property
    def models(self) -> ModelFormat:
        """How it lists models. `client_state` is then the query of the request."""

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

    def unsupported(self, route: Route, /) -> ApiError:
        """The error for an API that the service does not have."""


class FinishedResponse(NamedTuple):
    """A response that is complete, before it is stored."""

    response_id: str
    response: str
    """As JSON text."""
    record: bytes
    """The same with its conversation."""


class KeptResponses:
    """What is kept of a conversation for the next request, if there is a store and the client's chat is converted."""

    earlier: bytes | None = None
    """The response that the request continues, as it was kept; empty: there is none. None: nobody has looked."""
    finished: FinishedResponse | None = None
    """The response of this request. The client gets the end of the answer when the store has it."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        """Bytes of the largest response that is kept."""

    def take(self) -> FinishedResponse | None:
        """What has to be stored."""
        finished, self.finished = self.finished, None
        return finished


class Secrets:
    """The credentials of a request, and the scrubber that masks them in answers and logs.

    The parts of an exchange have class attributes and no `__init__`: making one costs a tenth of a call.
    """

    token: str = ""
    signature: str = ""
    """The credential of the request: one or the other."""
    scrubber: Scrubber = NO_CREDENTIALS
    """Masks all credentials of this exchange in text for the client or the log."""


class RefusalWatch:
    """Whether a content filter has refused an answer."""

    decided: bool = False
    """It is known: the answer has content, or it has ended."""
    refused: bool = False


class Answer:
    """The state of the upstream's answer."""

    status: int = 0
    id: str = ""
    """The id of the answer, if a header has it (`id_header`)."""
    token_count: str = ""
    """The number of the request's tokens, if a header has it (`input_count_header`)."""
    headers: Mapping[str, str] = _NOTHING
    """Response headers that a service protocol sets (`set_headers`) before the first byte of the answer is sent."""
    passes_through: bool = False
    """The body passes unchanged except for masked credentials."""
    writer: StreamWriter | None = None
    """Of a converted stream. It knows the usage."""
    first_usage: bytes = b""
    last_usage: bytes = b""
    """The first and the last usage of any other answer, from its key on; see `pipeline.usage`."""
    usage: Json | None = None
    """That of a whole answer that was parsed, in the pivot."""
    is_logged: bool = False
    """`pipeline.usage` has written what access logs show."""
    logged_usage: object = None
    """The usage in it, of a stream."""
    watch: RefusalWatch | None = None
    """Set if another provider is asked after a refusal."""
    outcome_pending: bool = False
    """The status is good, but the body may be an error: `failover` waits for it."""

    def set_headers(self, headers: Mapping[str, str]) -> None:
        self.headers = {**self.headers, **headers}


class Expected:
    """What the service protocol knows of the answer when it has made the request."""

    cumulative: bool = False
    """Each event of the stream repeats the whole answer so far."""
    usage_choice: bool = False
    """The usage chunk of a stream has a choice with an empty delta, and not an empty list of choices."""
    searches_web: bool = False
    """The service searches the web, so its answer may cite pages."""
    parts: Sequence[Json] | None = None
    """The converted answers to all parts of the request but the last, if the service answers one at a time."""


class Failure(NamedTuple):
    """Why an attempt has not answered the client."""

    status: int
    error: ApiError | None = None
    """What the answer says, if that was read."""
    unusable: bool = False
    """The answer has a good status, but is an error or invalid."""


class Fallback(Protocol):
    """Asks another provider after a failure; `pipeline.routing` implements it."""

    @property
    def has_budget(self) -> bool:
        """Another attempt is allowed, of any provider."""

    @property
    def watches_content(self) -> bool:
        """Whether another provider is asked if a content filter refuses the answer."""

    def follows(self, failure: Failure, /) -> bool:
        """Whether another provider is asked after this failure."""

    def is_about_request(self, failure: Failure, /) -> bool:
        """Whether the failure would be the same with another key of the provider."""

    def repeats(self, failure: Failure, /) -> None:
        """The same provider is asked with another key."""

    def start(self, ctx: HttpContext, give_up: Callable[[], None], /) -> None:
        """Ask the provider that follows. Calls `give_up` if none answers."""

    def gateway_failed(self, ctx: HttpContext, /) -> bool:
        """Whether the answer is the gateway's own, because it has got none from the service."""

    def asks_to_wait(self, status: int, seconds: float, /) -> None:
        """The service has answered with this status, and wants to be asked again after these seconds."""

    def is_late(self) -> None:
        """The answer has not begun in time."""

    def watch(self, ctx: HttpContext, /) -> None:
        """The headers of a stream have arrived, and its first event has not."""

    def may_say_more(self, status: int, /) -> bool:
        """Whether the body of an error decides if another provider is asked."""

    def arrived(self, ctx: HttpContext, /) -> None:
        """The answer for the client begins."""

    @property
    def notes_makers(self) -> bool:
        """Whether it has to know which service has made a response."""

    def made(self, response_id: object, /) -> None:
        """The service has made a response with this id, and may keep it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that tell the client which providers were asked."""

    @property
    def route(self) -> str:
        """The providers that were asked, with the outcome of each."""

    @property
    def retries(self) -> int:
        """How often a provider was asked again with another key, of all providers."""

    @property
    def changes(self) -> int:
        """How often another provider, or another model, was asked after a failure."""

    def done(self, ctx: HttpContext, /) -> None:
        """The stream has ended."""


class Attempts:
    """The attempts of a request that can be made again."""

    __slots__ = ("awaiting_retry", "cluster", "fallback", "headers", "sent_body", "under_way", "used_tokens")

    def __init__(self) -> None:
        self.sent_body: bytes | None = None
        """The body that was sent upstream; None: it is not kept, so no other key is tried."""
        self.used_tokens: list[str] = []
        """Tokens of earlier attempts with this provider."""
        self.awaiting_retry = False
        """The answer is a failure and is held until a retry succeeds or is impossible."""
        self.under_way = False
        """Another attempt is being prepared, or is a call-out without an answer yet."""
        self.fallback: Fallback | None = None
        """Asks other providers; None: there is only this one."""
        self.headers: Headers | None = None
        """The headers that were sent; None: those of the stream's request."""
        self.cluster: Cluster | None = None
        """The service that was called; None: that of the stream's route."""


class Exchange:
    """The state of one request and its answer. Protocols read and write it."""

    __slots__ = (
        "answer", "api", "attempts", "base64_vectors", "choices", "client", "client_headers", "client_state",
        "expected", "files", "form", "headers", "host", "kept_responses", "legacy_functions", "memory_budget",
        "model", "path", "profile", "requested_model", "route", "secrets", "service", "settings", "stream", "thinking",
        "tool_names", "wants_usage",
    )  # fmt: skip

    def __init__(self, settings: Settings, route: Route, client: ClientProtocol) -> None:
        # The request.
        self.settings = settings
        self.route = route
        self.api = route.api
        """The API of the request, a name in `apis`; the same as in `route`."""
        self.client = client
        """The protocol of the client, also after its chat is converted to the pivot."""
        self.client_headers: Mapping[str, str] = _NOTHING
        """The client's headers that the row reads (`read_headers`)."""
        self.form = ""
        """The content type of the client's body if that is a form; empty: the body is JSON."""
        self.requested_model = self.model = ""
        """Before and after model mapping."""
        self.profile: Profile = UNKNOWN
        """What the model accepts."""
        self.service: Service = ANY
        """What the service accepts, whatever the model."""
        self.stream = False
        self.choices = 1
        """The number of choices that the client requests."""
        self.wants_usage: bool | None = None
        """Whether the client has asked for the usage of the stream; None: its body was not read."""
        self.thinking: Thinking | None = None
        """The client's switch for thinking, if its chat is converted to the pivot."""
        self.client_state: object = None
        """What the client's protocol keeps of the request for its answer."""
        self.files: Mapping[str, Data] = _NO_FILES
        """Fetched files that the request names, by address."""

        self.kept_responses: KeptResponses | None = None

        self.legacy_functions = False
        """The client knows only functions, which tools have replaced."""
        self.tool_names: Mapping[str, str] = _NOTHING
        """The client's names of tools that have other names for the service, by these."""
        self.base64_vectors = False
        """The client wants embeddings in base64."""

        # Set by the service protocol.
        self.path = ""
        """The upstream path; empty: that of the row."""
        self.host = ""
        """The upstream host; empty: that of the row."""
        self.headers: dict[str, str | None] = {}
        """Request headers that are set, or removed (None)."""
        self.expected = Expected()

        # Set by the pipeline.
        self.secrets = Secrets()
        self.answer = Answer()
        self.attempts: Attempts | None = None
        """None: the request is not retried."""
        self.memory_budget: MemoryBudget | None = None
        """Counts the bytes that this exchange keeps in the instance; None: they are not counted."""

    def set_api(self, api: str) -> None:
        """Make this a request for another API."""
        self.route = Route(api)
        self.api = api

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of all attempts; the error that the client gets may be from any of them."""
        return (*(self.attempts.used_tokens if self.attempts else ()), self.secrets.token)
