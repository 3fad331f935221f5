"""What a provider is: a row of the table, and the row together with one configuration, ready to serve."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from proxywasm.config import ALWAYS, Condition

from ..config.settings import Settings
from ..credentials.secrets import Scrubbers
from ..credentials.signing.outgoing import Outgoing
from ..credentials.token_health import Health
from ..credentials.tokens import Tokens
from ..fetching.context_file import ContextText
from ..fetching.google_oauth import AccessToken
from ..fetching.waiting import Awaited
from ..protocols.exchange import ClientProtocol, Exchange
from ..protocols.interface import AnyServiceProtocol
from ..protocols.pivot.chat_rules import OPENAI_LIKE, ChatRules
from ..wire import client_headers
from ..wire.json import Json
from ..wire.memory_budget import MemoryBudget


@dataclass(frozen=True, slots=True)
class Auth:
    """The header that carries the credential, or the parameter of the query."""

    header: str
    prefix: str = ""
    """Stands before the credential."""
    in_query: bool = False


BEARER: Final = Auth("authorization", "Bearer ")
RAW: Final = Auth("authorization")


class Original(Enum):
    """Which path a request takes with `protocol: original`, where nobody converts it."""

    LIKE_OPENAI = "that of its API; an API that the service does not have is refused"
    KNOWN_APIS = "that of its API, or else the client's"
    KEPT = "the client's"
    KNOWN_APIS_OR_CHAT = "that of its API, or else of the chat"


class OwnKey(Enum):
    """What becomes of a client's credential where the gateway has none of its own."""

    REMOVED = "removed"
    """It is for the gateway, and goes nowhere."""
    USED = "used"
    """It is the client's key for this very service."""
    KEPT = "kept"
    """The service is anyone's: the headers in which clients of model services have their key stay as they are."""


class Endpoint(NamedTuple):
    """Where requests go, for rows with which that depends on more settings than one."""

    host: str
    paths: Mapping[str, str]
    only_path: str = ""
    """All requests go to exactly this path, whatever path and query the client asks for."""
    query: str = ""
    """Follows the query of every request."""


Locate: TypeAlias = Callable[[Settings, Mapping[str, str]], Endpoint]


Sign: TypeAlias = Callable[[Settings, Outgoing], Mapping[str, str]]
"""The headers that a complete request gets last."""

Edit: TypeAlias = Callable[[Exchange, Json], bool]
"""Changes a document in place; whether there was something to change."""

ModelRules: TypeAlias = Callable[[str], ChatRules]
"""What a service accepts of a chat with this model."""


def of_all_models(rules: ChatRules) -> ModelRules:
    """The same rules whatever the model is."""
    return lambda model: rules  # noqa: ARG005


_OPENAI_LIKE: Final = of_all_models(OPENAI_LIKE)

DEFAULT_TIMEOUT_MS: Final = 120_000
"""For the plugin's own calls; no time at all makes no sense."""

_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """Where requests go."""

    host: str
    paths: Mapping[str, str]
    """Upstream path by API. An API that is missing here is not supported, unless `capabilities` adds it."""
    host_setting: str = ""
    """The setting that overrides the host."""
    endpoint: Locate | None = None
    """Says where requests go; gets the settings and `paths`."""
    choose_path: Callable[[Exchange], str] | None = None
    """The upstream path when it depends on more of the client's path than the ids in it; empty: that of `paths`."""
    original: Original = Original.LIKE_OPENAI
    keeps_path: bool = False
    """The client's path is never replaced by that of the API."""
    forwards_unknown_apis: bool = False
    """An API that is missing in `paths` is forwarded as it is, and not refused."""
    query: str = ""
    """A parameter that every request has, whatever its path and protocol."""
    strict_query: bool = False
    """Parameters of the query that it does not know are refused, so those of OpenAI's clients stay behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How a request shows on whose behalf it comes."""

    auth: Auth | None = BEARER
    """None: no credential is sent."""
    token_required: bool = True
    own_key: OwnKey = OwnKey.REMOVED
    key_parameter: str = ""
    """The parameter of the query in which clients of this service may have their key."""
    make: Callable[[Settings], str] | None = None
    """Makes the credential, where it is not simply one of `apiTokens`."""
    login: Callable[[Settings], AccessToken] | None = None
    """Gets the credential from another service."""
    sign: Sign | None = None
    """Signs each request, in every protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the service's requests and answers look like."""

    protocols: Mapping[str, AnyServiceProtocol] = field(default_factory=lambda: _NOTHING)
    """APIs whose bodies are converted; those of all others pass through, but for the model name."""
    native_clients: Mapping[ClientProtocol, Callable[[str], bool]] = field(default_factory=lambda: _NOTHING)
    """Client protocols that the service itself speaks for some of its models, although their APIs are not among
    `paths`; says for a model whether it does."""
    rules: ModelRules = _OPENAI_LIKE
    """What the service accepts of a chat: names, ids, small values. Converted chats are fitted to it; of others, only
    the ids of calls, which may be another service's."""
    edits: Mapping[str, Edit] = field(default_factory=lambda: _NOTHING)
    """Small changes to requests of APIs that are not converted."""
    chunk_edit: Edit | None = None
    """A small change to each event of a chat's stream that is not converted."""
    answer_edit: Edit | None = None
    """The same for a whole answer."""
    edited_answers: re.Pattern[bytes] | None = None
    """What answers and events have that those two change; others are not read. None: any may have it."""
    headers: Callable[[Settings], Mapping[str, str]] | None = None
    """Headers that all requests to this service have; asked once for each configuration."""
    read_headers: tuple[str, ...] = ()
    """The client's headers that its protocols want to see."""
    id_header: str = ""
    """The header of answers that has their id."""
    reasoning_modes: bool = False
    """Its protocols know `reasoningContentMode`."""
    keeps_developer_role: bool = False
    """Knows the role `developer`; elsewhere it becomes `system`."""
    keeps_bodies: bool = False
    """Bodies are what the client says; nothing but `customSettings` is written into them."""
    cannot_stream: bool = False
    """Answers come in one piece; a client that asks for a stream gets one made of it."""
    accept_for_streams: bool = True
    """Ask with `accept: text/event-stream` when the client wants a stream."""
    first_byte_timeout_always: bool = False
    """`firstByteTimeout` is set on all requests, as nobody looks whether they ask for a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A model service. Differences from the plain case are quirks, each with its reason where the row stands."""

    name: str
    """The `type` of configurations."""
    title: str = ""
    """What people call the service, for documentation; rows of the same name have it from the first."""
    when: Condition = ALWAYS
    """Selects this row when there are several of one name."""
    settings: type[Settings] = Settings
    addressing: Addressing
    credentials: Credentials = field(default_factory=Credentials)
    dialect: Dialect = field(default_factory=Dialect)


def endpoint_of(addressing: Addressing, settings: Settings) -> Endpoint:
    """Where requests go with these settings, but for those that override the host."""
    if addressing.endpoint is not None:
        return addressing.endpoint(settings, addressing.paths)
    return Endpoint(addressing.host, addressing.paths)


@dataclass(frozen=True, slots=True)
class Provider:
    """A row and its settings; the same for all streams, so nothing of a stream is kept here."""

    row: Row
    settings: Settings
    host: str
    """Empty: the client's."""
    paths: Mapping[str, str]
    only_path: str = ""
    query: str = ""
    own_key: OwnKey = OwnKey.REMOVED
    """As the row says, where the configuration has no tokens."""
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    removed_headers: frozenset[str] = frozenset()
    """Those of the client that stay behind."""
    tokens: Tokens = field(default_factory=lambda: Tokens(()))
    fixed_token: str = field(default="", repr=False)
    """The credential of all requests; empty: it depends on the request."""
    auth_header: Auth | None = None
    """The header that carries the credential, if a header does."""
    scrubbers: Scrubbers = field(default_factory=lambda: Scrubbers(Settings(type="")))
    """What keeps credentials out of answers."""
    context: ContextText | None = None
    login: AccessToken | None = None
    awaited: tuple[Awaited, ...] = ()
    """All that a request may have to wait for."""
    memory_budget: MemoryBudget = field(default_factory=MemoryBudget)

    @classmethod
    def build(cls, row: Row, settings: Settings) -> Provider:
        """`settings` have been checked against the row."""
        place = endpoint_of(row.addressing, settings)
        host_setting = row.addressing.host_setting
        host = getattr(settings, host_setting) if host_setting else ""
        timeout = settings.timeout or DEFAULT_TIMEOUT_MS
        context = ContextText(settings.context, timeout) if settings.context else None
        login = row.credentials.login(settings) if row.credentials.login else None
        tokens, auth = Tokens(settings.api_tokens, _health(settings, place.host)), row.credentials.auth
        own_key = OwnKey.REMOVED if settings.api_tokens else row.credentials.own_key
        return cls(
            row,
            settings,
            settings.provider_domain or host or place.host,
            {**place.paths, **settings.capabilities},
            place.only_path,
            place.query,
            own_key,
            row.dialect.headers(settings) if row.dialect.headers else _NOTHING,
            client_headers.removed(settings.forward_headers, keys_stay=own_key is OwnKey.KEPT),
            tokens,
            "" if row.credentials.make else tokens.only,
            auth if auth is not None and not auth.in_query else None,
            Scrubbers(settings),
            context,
            login,
            tuple(one for one in (context, login) if one is not None),
        )


def _health(settings: Settings, host: str) -> Health | None:
    """Two providers of one kind are told apart by what makes them serve different things."""
    if settings.failover is None or not settings.failover.enabled:
        return None
    identity = (settings.type, settings.id, host, settings.provider_domain, settings.provider_base_path)
    return Health(settings.failover, settings.api_tokens, identity)
