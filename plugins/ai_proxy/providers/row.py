"""`Row`, a provider in the table, and `Provider`, a row with one configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from proxywasm.config import ALWAYS, Condition

from ..config.settings import Settings
from ..config.settings.models import ModelOverrides
from ..credentials.secrets import Scrubbers
from ..credentials.signing.outgoing import Outgoing
from ..credentials.token_health import Health
from ..credentials.tokens import Tokens
from ..fetching import response_store
from ..fetching.context_file import ContextText
from ..fetching.google_oauth import AccessToken
from ..fetching.response_store import ResponseStore
from ..fetching.waiting import Awaited
from ..profiles.facts import Profile
from ..profiles.resolution import Profiles
from ..protocols.exchange import ClientProtocol, Exchange
from ..protocols.interface import AnyServiceProtocol
from ..protocols.pivot.chat_rules import OPENAI_LIKE, ChatRules
from ..wire import apis, client_headers
from ..wire.json import Json
from ..wire.memory_budget import MemoryBudget


@dataclass(frozen=True, slots=True)
class Auth:
    """The header that carries the credential, or the parameter of the query."""

    header: str
    prefix: str = ""
    """Precedes the credential."""
    in_query: bool = False


BEARER: Final = Auth("authorization", "Bearer ")
RAW: Final = Auth("authorization")


class Original(Enum):
    """The path of requests with `protocol: original`, which are not converted."""

    LIKE_OPENAI = "that of its API; an API that the service does not have is refused"
    KNOWN_APIS = "that of its API, or else the client's"
    KEPT = "the client's"
    KNOWN_APIS_OR_CHAT = "that of its API, or else of the chat"


class OwnKey(Enum):
    """How the client's credential is treated if the configuration has none."""

    REMOVED = "removed"
    """It is for the gateway only."""
    USED = "used"
    """It is the client's key for this service."""
    KEPT = "kept"
    """The kind of service is unknown: all headers that can carry a key are kept."""


class Endpoint(NamedTuple):
    """Host and paths for one configuration."""

    host: str
    paths: Mapping[str, str]
    only_path: str = ""
    """All requests are sent to this path, without the client's path and query."""
    query: str = ""
    """Added to the query of every request."""


Locate: TypeAlias = Callable[[Settings, Mapping[str, str]], Endpoint]


Sign: TypeAlias = Callable[[Settings, Outgoing], Mapping[str, str]]
"""Signs a complete request; returns the headers to set."""

HasProtocol: TypeAlias = Callable[[Settings, str, Profile], bool]
"""Whether a service has a client protocol for a model, by the model's name and profile."""

Edit: TypeAlias = Callable[[Exchange, Json], bool]
"""Changes a document in place; returns whether it was changed."""

ModelRules: TypeAlias = Callable[[Profile], ChatRules]
"""What a service accepts of a chat with this model."""


def of_all_models(rules: ChatRules) -> ModelRules:
    """The same rules whatever the model is."""
    return lambda profile: rules  # noqa: ARG005


_OPENAI_LIKE: Final = of_all_models(OPENAI_LIKE)

DEFAULT_TIMEOUT_MS: Final = 120_000
"""For the plugin's own calls if `timeout` is 0."""

_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """Where requests are sent."""

    host: str
    paths: Mapping[str, str]
    """Upstream path by API. An API that is missing here is not supported, unless `capabilities` adds it."""
    host_setting: str = ""
    """The setting that overrides the host."""
    endpoint: Locate | None = None
    """Computes host and paths from the settings and `paths`, if they depend on more than one setting."""
    choose_path: Callable[[Exchange], str] | None = None
    """Computes the upstream path if it depends on more than the ids in the client's path; empty: that of `paths`."""
    original: Original = Original.LIKE_OPENAI
    keeps_path: bool = False
    """Requests keep the client's path."""
    forwards_unknown_apis: bool = False
    """Requests for APIs that are missing in `paths` are forwarded unchanged instead of refused."""
    query: str = ""
    """A parameter that is added to every request."""
    strict_query: bool = False
    """The service refuses unknown parameters of the query, so those of OpenAI's clients are removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How requests are authenticated."""

    auth: Auth | None = BEARER
    """None: no credential is sent."""
    token_required: bool = True
    own_key: OwnKey = OwnKey.REMOVED
    key_parameter: str = ""
    """The parameter of the query in which clients of this service may send their key."""
    make: Callable[[Settings], str] | None = None
    """Makes the credential if it is not one of `apiTokens`."""
    login: Callable[[Settings], AccessToken] | None = None
    """Gets the credential from another service."""
    sign: Sign | None = None
    """Signs each request, also with `protocol: original`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The formats of the service's requests and answers."""

    protocols: Mapping[str, AnyServiceProtocol] = field(default_factory=lambda: _NOTHING)
    """The protocol of each API whose bodies are converted. In bodies of other APIs only the model is mapped."""
    dropped: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NOTHING)
    """By API: the fields of answers that its protocol does not read, each with the reason. A field is a path such as
    `choices[].native`; it covers what is below it."""
    native_clients: Mapping[ClientProtocol, HasProtocol] = field(default_factory=lambda: _NOTHING)
    """Client protocols that the service has for some of its models, although their APIs are not in `paths`; each with
    a function that tells whether it has them for a model."""
    rules: ModelRules = _OPENAI_LIKE
    """What the service accepts of a chat: names, ids, small values. Converted chats are fitted to it; of others, only
    the ids of calls, which may be another service's."""
    edits: Mapping[str, Edit] = field(default_factory=lambda: _NOTHING)
    """Small changes to requests, for APIs that are not converted."""
    chunk_edit: Edit | None = None
    """A small change to each event of a chat stream that is not converted."""
    answer_edit: Edit | None = None
    """The same for a whole answer."""
    edited_answers: re.Pattern[bytes] | None = None
    """What answers and events have that those two change; others are not read. None: any may have it."""
    headers: Callable[[Settings], Mapping[str, str]] | None = None
    """The headers of all requests; called once for each configuration."""
    client_headers: frozenset[str] = frozenset()
    """Those of `headers` that the client's own value replaces in requests that are passed on."""
    read_headers: tuple[str, ...] = ()
    """The client's headers that its protocols read."""
    id_header: str = ""
    """The header with the id of an answer."""
    input_count_header: str = ""
    """The header with the number of the request's tokens; only services with an `id_header` may have it."""
    keeps_threads: bool = False
    """The service keeps the conversations of Anthropic's clients (`thread`); others would answer without them."""
    request_id_header: str = "x-request-id"
    """The header with the id of a request, which clients of some protocols look for under another name."""
    reasoning_modes: bool = False
    """Its protocols apply `reasoningContentMode`."""
    keeps_developer_role: bool = False
    """It knows the role `developer`. For other services the role becomes `system`."""
    keeps_bodies: bool = False
    """Bodies pass unchanged except for `customSettings`."""
    cannot_stream: bool = False
    """It only has whole answers. A client that requests a stream gets the answer as a stream."""
    accept_for_streams: bool = True
    """Requests for a stream have `accept: text/event-stream`."""
    first_byte_timeout_always: bool = False
    """`firstByteTimeout` applies to all requests, because bodies are not read and may want a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A model service. Fields that differ from their defaults have a comment with the reason in the row."""

    name: str
    """The `type` of configurations."""
    title: str = ""
    """The name of the service in the documentation; only the first row of a name has it."""
    when: Condition = ALWAYS
    """Selects this row if several have the same name."""
    settings: type[Settings] = Settings
    addressing: Addressing
    credentials: Credentials = field(default_factory=Credentials)
    dialect: Dialect = field(default_factory=Dialect)


def endpoint_of(addressing: Addressing, settings: Settings) -> Endpoint:
    """Host and paths with these settings, without the settings that override the host."""
    if addressing.endpoint is not None:
        return addressing.endpoint(settings, addressing.paths)
    return Endpoint(addressing.host, addressing.paths)


@dataclass(frozen=True, slots=True)
class Provider:
    """A row and its settings. All streams share it, so it has no state of a stream."""

    row: Row
    settings: Settings
    host: str
    """Empty: the client's."""
    paths: Mapping[str, str]
    only_path: str = ""
    query: str = ""
    own_key: OwnKey = OwnKey.REMOVED
    """That of the row if the configuration has no tokens."""
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    removed_headers: frozenset[str] = frozenset()
    """The client's headers that are not sent upstream."""
    tokens: Tokens = field(default_factory=lambda: Tokens(()))
    fixed_token: str = field(default="", repr=False)
    """The credential of all requests; empty: it depends on the request."""
    auth_header: Auth | None = None
    """The header that carries the credential, if a header does."""
    scrubbers: Scrubbers = field(default_factory=lambda: Scrubbers(Settings(type="")))
    """Mask credentials in answers."""
    responses: ResponseStore | None = None
    """Keeps responses for clients of the Responses API."""
    context: ContextText | None = None
    login: AccessToken | None = None
    awaited: tuple[Awaited, ...] = ()
    """The values that requests may have to wait for."""
    profiles: Profiles = field(default_factory=lambda: Profiles(""))
    """What its models accept."""
    memory_budget: MemoryBudget = field(default_factory=MemoryBudget)

    @classmethod
    def build(cls, row: Row, settings: Settings) -> Provider:
        """`settings` must have passed `check`."""
        endpoint = endpoint_of(row.addressing, settings)
        host_setting = row.addressing.host_setting
        host = getattr(settings, host_setting) if host_setting else ""
        timeout = settings.timeout or DEFAULT_TIMEOUT_MS
        context = ContextText(settings.context, timeout) if settings.context else None
        login = row.credentials.login(settings) if row.credentials.login else None
        tokens, auth = Tokens(settings.api_tokens, _health(settings, endpoint.host)), row.credentials.auth
        own_key = OwnKey.REMOVED if settings.api_tokens else row.credentials.own_key
        return cls(
            row,
            settings,
            settings.provider_domain or host or endpoint.host,
            _with_one_model(row, {**endpoint.paths, **settings.capabilities}),
            endpoint.only_path,
            endpoint.query,
            own_key,
            row.dialect.headers(settings) if row.dialect.headers else _NOTHING,
            client_headers.removed(settings.forward_headers, keys_stay=own_key is OwnKey.KEPT),
            tokens,
            "" if row.credentials.make else tokens.only,
            auth if auth is not None and not auth.in_query else None,
            Scrubbers(settings),
            response_store.of_settings(settings.responses),
            context,
            login,
            tuple(one for one in (context, login) if one is not None),
            Profiles(settings.type, _overrides(settings)),
        )


def _with_one_model(row: Row, paths: Mapping[str, str]) -> Mapping[str, str]:
    """Services that list their models have a path for each of them, too. Those that get unknown paths get this one."""
    listed = paths.get(apis.MODELS)
    if listed is None or "?" in listed or row.addressing.forwards_unknown_apis:
        return paths
    return {apis.RETRIEVE_MODEL: f"{listed}/{{model_id}}", **paths}


def _overrides(settings: Settings) -> ModelOverrides | None:
    if not settings.model_family and not settings.model_facts:
        return None
    return ModelOverrides(settings.model_family, settings.model_facts)


def _health(settings: Settings, host: str) -> Health | None:
    """The health of the tokens; the identity distinguishes providers with the same tokens for different services."""
    if settings.failover is None or not settings.failover.enabled:
        return None
    identity = (settings.type, settings.id, host, settings.provider_domain, settings.provider_base_path)
    return Health(settings.failover, settings.api_tokens, identity)
