"""Plans: everything about the requests for one API that follows from the configuration alone, computed only once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from proxywasm import Action, HttpContext

from ..fetching.waiting import Awaited
from ..protocols.clients import BUILT_IN, Clients
from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol, ClientProtocol
from ..protocols.openai import models as openai_models
from ..protocols.openai import service as openai
from ..protocols.pivot.counted import Counting
from ..providers.row import Original, Provider
from ..wire import apis
from ..wire.apis import Route
from . import addressing, promoted_thinking
from .client_protocols import is_converted

# The APIs whose unconverted answers are checked, so that invalid answers and cut streams become errors.
_CHECKED: Final = frozenset({apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS})

_COUNTED: Final = frozenset({apis.COUNT_TOKENS, apis.COUNT_RESPONSE_TOKENS})
_OF_MODELS: Final = frozenset({apis.MODELS, apis.RETRIEVE_MODEL})

_STREAMS_ON_ACCEPT: Final = frozenset({apis.CHAT, apis.VIDEOS, apis.VIDEO_REMIX})
"""The APIs whose requests for a stream also set `accept`."""


FIRST_BYTE_TIMEOUT: Final = "x-envoy-upstream-rq-first-byte-timeout-ms"

Waits: TypeAlias = tuple[tuple[Awaited, str], ...]
"""The values that a request waits for, each with the name of its failure in access logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPlan:
    """How request bodies are read."""

    readable: bool
    """Bodies of this API can be read."""
    reads_forms: bool
    """Forms can be read, too. Other forms are uploads and pass unread."""
    converts_client: bool
    """Requests with a body are converted to chats of the pivot."""
    needed: bool
    """The plugin needs the body."""
    has_to_be_json: bool
    """A body that cannot be read is refused: the service has no such API, or one in another format."""
    only_for_path: bool
    """The body is only needed for the model in the upstream path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPlan:
    """How requests are sent to the provider."""

    supported: bool
    """The provider has this API, or requests for unknown APIs are passed to it."""
    refuses_unread: bool
    """A request that is not supported is refused, even if nothing of its body can be read."""
    body: BodyPlan
    counting: Counting | None
    """Requests of this API ask for a number of tokens, which is estimated unless the service counts them."""
    service: AnyServiceProtocol | None
    """Converts bodies from the pivot; None: they stay in the pivot's format, or are not converted."""
    path: str
    """The upstream path of requests without a query; empty: it depends on the request."""
    choose_path: Callable[[Exchange], str] | None
    model_in_path: bool
    """The upstream path contains the model."""
    headers: Mapping[str, str]
    """The headers of all requests."""
    default_headers: Mapping[str, str]
    """The headers of requests whose clients do not send them."""
    stream_headers: tuple[tuple[str, str], ...]
    """Additional headers of requests for a stream, as pairs for `Headers.set_all`."""
    stateful: bool
    """A consumer always needs the same account."""
    login: Waits
    """The values that every request waits for."""
    awaited: Waits
    """The values that requests whose body is read wait for."""
    reads_headers: bool
    """Some of the client's headers decide about its answer."""
    needs_final_request: bool
    """The complete request is signed, or kept for a retry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPlan:
    """How answers are sent to the client."""

    own_protocol: AnyServiceProtocol | None
    """Converts answers for clients of the pivot; None: they have the pivot's format, or are not converted."""
    service: AnyServiceProtocol | None
    """Converts answers for clients of other protocols; None: they are not converted."""
    rewrites_errors: bool
    """Errors are converted to the client's format."""
    checked: bool
    """Answers are checked even if they are not converted."""
    promotes: bool
    """An answer without content returns its reasoning as the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How requests for one API of one provider and their answers are handled."""

    provider: Provider
    api: str
    openai: bool
    """`protocol: openai`: bodies and answers may be converted; with `original` they pass unchanged."""
    client: ClientProtocol
    request: RequestPlan
    answer: AnswerPlan


class Plans(dict[str, Plan]):
    """The plans of one provider by API; each is made on first use."""

    def __init__(self, provider: Provider, clients: Clients = BUILT_IN) -> None:
        super().__init__()
        self.provider = provider
        self.clients = clients

    def __missing__(self, api: str) -> Plan:
        provider = self.provider
        like_a_chat = (
            provider.settings.protocol == "original" and provider.row.addressing.original is Original.KNOWN_APIS_OR_CHAT
        )
        if like_a_chat and api != apis.CHAT and api not in provider.paths:
            plan = self[apis.CHAT]
        else:
            plan = _plan(provider, self.clients.of_api(api), api)
        self[api] = plan
        return plan


class Router(Protocol):
    """Chooses the provider of each request and sets its configuration as that of the stream; see `routing.router`."""

    @property
    def providers(self) -> Sequence[Provider]:
        """All providers."""

    def on_request_headers(self, ctx: HttpContext, /) -> Action | None:
        """The first step of every request."""

    def on_request_body(self, ctx: HttpContext, raw: bytes, /) -> Action | None:
        """The body of a request whose provider is not chosen yet."""


@dataclass(frozen=True, slots=True)
class Config:
    """The result of parsing a configuration document or a rule."""

    plans: Plans | None = None
    """The plans of the active provider; None: requests pass unchanged."""
    listed: tuple[Any, ...] = field(default=(), repr=False)
    """`providers` of the document, for rules that select another one."""
    router: Router | None = None
    """Chooses among several providers; None: there is only one, or none."""


def _plan(provider: Provider, client: ClientProtocol, api: str) -> Plan:
    return Plan(
        provider=provider,
        api=api,
        openai=provider.settings.protocol == "openai",
        client=client,
        request=_request_plan(provider, client, api),
        answer=_answer_plan(provider, api),
    )


def _request_plan(provider: Provider, client: ClientProtocol, api: str) -> RequestPlan:
    row, settings = provider.row, provider.settings
    login, context = _login(provider), _context(provider, api)
    choose_path = row.addressing.choose_path if settings.protocol == "openai" else None
    counting = _counting(provider, client, api)
    return RequestPlan(
        supported=_is_supported(provider, api) and (api in provider.paths or counting is None),
        refuses_unread=settings.protocol == "openai" and api != "",
        body=_body_plan(provider, client, api),
        counting=counting,
        service=row.dialect.protocols.get(api),
        path="" if choose_path else _path(provider, client, api),
        choose_path=choose_path,
        model_in_path="{model}" in provider.paths.get(api, ""),
        headers=_headers(provider, api),
        default_headers=_default_headers(provider, api),
        stream_headers=_stream_headers(provider, api),
        stateful=api in apis.STATEFUL,
        login=login,
        awaited=login + context,
        reads_headers=_reads_headers(provider, api),
        needs_final_request=row.credentials.sign is not None
        or (settings.retry_on_failure is not None and settings.retry_on_failure.enabled),
    )


def _body_plan(provider: Provider, client: ClientProtocol, api: str) -> BodyPlan:
    row, speaks_openai = provider.row, provider.settings.protocol == "openai"
    signed = row.credentials.sign is not None
    counts = _counting(provider, client, api) is not None
    converts_client = speaks_openai and is_converted(provider, client, api)
    converts = api in row.dialect.protocols and api not in apis.TAKE_FORMS
    return BodyPlan(
        # A signature covers the body of every API.
        readable=api != "" or (signed and not speaks_openai),
        reads_forms=api in apis.IMAGE_FORMS or "{model}" in provider.paths.get(api, ""),
        converts_client=converts_client,
        needed=_needs_body(provider, api) or counts,
        has_to_be_json=speaks_openai and (converts_client or converts or (counts and api not in provider.paths)),
        only_for_path=not (row.dialect.keeps_bodies or signed or api in row.dialect.protocols) and api in apis.UNREAD,
    )


def _answer_plan(provider: Provider, api: str) -> AnswerPlan:
    protocols, settings = provider.row.dialect.protocols, provider.settings
    lists = openai_models if api in _OF_MODELS else None
    return AnswerPlan(
        own_protocol=protocols.get(api, lists if api == apis.MODELS and settings.list_mapped_models else None),
        service=protocols.get(api, openai if api == apis.CHAT else lists),
        rewrites_errors=settings.protocol == "openai" and (api.startswith("openai/") or api in _COUNTED),
        checked=api in _CHECKED,
        promotes=api == apis.CHAT and promoted_thinking.is_enabled(settings),
    )


def _reads_headers(provider: Provider, api: str) -> bool:
    if provider.row.dialect.read_headers or provider.responses is not None:
        return True
    return provider.settings.protocol == "openai" and api in _OF_MODELS


def _is_supported(provider: Provider, api: str) -> bool:
    """Whether all requests of this API go to the service."""
    if api == apis.RETRIEVE_MODEL and provider.settings.protocol == "openai" and provider.settings.model_mapping.names:
        return False  # The plugin knows some models itself.
    return api in provider.paths or _forwards(provider, api)


def _counting(provider: Provider, client: ClientProtocol, api: str) -> Counting | None:
    counting = client.counting
    if counting is None or api != counting.api or provider.settings.protocol != "openai":
        return None
    return counting if apis.CHAT in provider.paths else None


def _login(provider: Provider) -> Waits:
    if provider.login is None:
        return ()
    return ((provider.login, f"ai-proxy.{provider.row.name}.load_ak_failed"),)


def _context(provider: Provider, api: str) -> Waits:
    if provider.context is None or api != apis.CHAT or provider.settings.protocol != "openai":
        return ()
    return ((provider.context, f"ai-proxy.{provider.row.name}.load_ctx_failed"),)


def _headers(provider: Provider, api: str) -> Mapping[str, str]:
    headers = {name: value for name, value in provider.headers.items() if not _is_clients(provider, api, name)}
    timeout = provider.settings.first_byte_timeout
    if not (provider.row.dialect.first_byte_timeout_always and timeout):
        return headers
    return {**headers, FIRST_BYTE_TIMEOUT: str(timeout)}


def _default_headers(provider: Provider, api: str) -> Mapping[str, str]:
    return {name: value for name, value in provider.headers.items() if _is_clients(provider, api, name)}


def _is_clients(provider: Provider, api: str, name: str) -> bool:
    """Whether the client's own value of a header counts: it speaks the service's protocol."""
    dialect = provider.row.dialect
    return name in dialect.client_headers and api not in dialect.protocols


def _stream_headers(provider: Provider, api: str) -> tuple[tuple[str, str], ...]:
    """The headers for a stream: that it is wanted, and the time limit for its first byte."""
    headers: dict[str, str] = {}
    if provider.row.dialect.accept_for_streams and api in _STREAMS_ON_ACCEPT:
        headers["accept"] = "text/event-stream"
    if provider.settings.first_byte_timeout and api in apis.STREAMING:
        headers[FIRST_BYTE_TIMEOUT] = str(provider.settings.first_byte_timeout)
    return tuple(headers.items())


def _forwards(provider: Provider, api: str) -> bool:
    """Whether requests for an API that the provider's row does not list go to the service as they are."""
    if not _forwards_unknown_apis(provider):
        return False
    # A service with a protocol of its own does not have OpenAI's APIs.
    own = provider.settings.protocol == "openai" and apis.CHAT in provider.row.dialect.protocols
    return not (own and api.startswith("openai/"))


def _forwards_unknown_apis(provider: Provider) -> bool:
    if provider.settings.protocol == "openai" or provider.row.addressing.forwards_unknown_apis:
        return provider.row.addressing.forwards_unknown_apis
    return provider.row.addressing.original is not Original.LIKE_OPENAI


def _needs_body(provider: Provider, api: str) -> bool:
    row, settings = provider.row, provider.settings
    if row.dialect.keeps_bodies:
        return bool(settings.custom_settings)
    if row.credentials.sign is not None:
        return True
    if settings.protocol != "openai" or api not in provider.paths:
        return False
    return api in row.dialect.protocols or api not in apis.UNREAD or "{model}" in provider.paths[api]


def _path(provider: Provider, client: ClientProtocol, api: str) -> str:
    """The upstream path without its query, if it is the same for all requests of this API; otherwise empty."""
    target = provider.only_path or provider.paths.get(api, "")
    in_query = provider.row.credentials.auth is not None and provider.row.credentials.auth.in_query
    if addressing.keeps_path(provider) or not target or "{" in target or in_query:
        return ""
    return addressing.upstream_path(provider, Exchange(provider.settings, Route(api), client), "/")
