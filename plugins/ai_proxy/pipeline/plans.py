"""What is known of all requests for one API before the first of them arrives.

What follows from the configuration alone is worked out once; a request pays for what it brings along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ..fetching.waiting import Awaited
from ..protocols.clients import BUILT_IN, Clients
from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol, ClientProtocol
from ..protocols.openai import service as openai
from ..providers.row import Original, Provider
from ..wire import apis
from ..wire.apis import Route
from . import addressing, promoted_thinking
from .client_protocols import is_converted

# Where answers that nobody converts are at least looked at, so that garbage and cut streams become errors.
_CHECKED: Final = frozenset({apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS})

_STREAMS_ON_ACCEPT: Final = frozenset({apis.CHAT, apis.VIDEOS, apis.VIDEO_REMIX})
"""The APIs whose requests ask for a stream by `accept`, too."""


FIRST_BYTE_TIMEOUT: Final = "x-envoy-upstream-rq-first-byte-timeout-ms"

Waits: TypeAlias = tuple[tuple[Awaited, str], ...]
"""What a request waits for, each with the name of its failure in access logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPlan:
    """Which request bodies are read."""

    readable: bool
    """A body may be looked at."""
    reads_forms: bool
    """Also one that is a form; other forms are uploads, which pass as they come."""
    converts_client: bool
    """Requests that have a body become chats of the pivot."""
    needed: bool
    """Something in the body matters to somebody here."""
    only_for_path: bool
    """Nothing in the body matters but the model that the path names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPlan:
    """The way of requests to the provider."""

    supported: bool
    """The provider has this API, or is left to say so itself."""
    body: BodyPlan
    service: AnyServiceProtocol | None
    """What converts bodies from the pivot; None: they are the pivot's, or not converted at all."""
    path: str
    """The upstream path of requests without a query; empty: it depends on the request."""
    choose_path: Callable[[Exchange], str] | None
    model_in_path: bool
    """The upstream path has the model in it."""
    headers: Mapping[str, str]
    """Those that all requests get."""
    stream_headers: tuple[tuple[str, str], ...]
    """Those that requests for a stream get, as `Headers.set_all` takes them."""
    stateful: bool
    """A consumer must keep meeting the same account."""
    login: Waits
    """What each request waits for."""
    awaited: Waits
    """What requests whose body is read wait for."""
    needs_final_request: bool
    """Somebody wants to see a request when nothing in it changes any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPlan:
    """The way of answers to the client."""

    own_protocol: AnyServiceProtocol | None
    """What converts answers for clients of the pivot; None: they are the pivot's, or not converted at all."""
    service: AnyServiceProtocol | None
    """What converts answers for clients of other protocols; None only where nothing is converted."""
    rewrites_errors: bool
    """A failure is put into the client's terms."""
    checked: bool
    """An answer is looked at, even if nothing converts it."""
    promotes: bool
    """Reasoning takes the place of content where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The way of requests for one API to one provider, and that of their answers back."""

    provider: Provider
    api: str
    openai: bool
    """Clients speak OpenAI's protocol, which is converted; otherwise bodies and answers are the client's own affair."""
    client: ClientProtocol
    request: RequestPlan
    answer: AnswerPlan


class Plans(dict[str, Plan]):
    """The plans of one provider by API; each is made when it is first asked for."""

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


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration document, or one of its rules, comes to."""

    plans: Plans | None = None
    """Those of the active provider; None: requests pass as they are."""
    listed: tuple[Any, ...] = field(default=(), repr=False)
    """`providers` as given, for rules that choose another one of them."""


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
    return RequestPlan(
        supported=api in provider.paths or _forwards_unknown_apis(provider),
        body=_body_plan(provider, client, api),
        service=row.dialect.protocols.get(api),
        path="" if choose_path else _path(provider, client, api),
        choose_path=choose_path,
        model_in_path="{model}" in provider.paths.get(api, ""),
        headers=_headers(provider),
        stream_headers=_stream_headers(provider, api),
        stateful=api in apis.STATEFUL,
        login=login,
        awaited=login + context,
        needs_final_request=row.credentials.sign is not None
        or (settings.retry_on_failure is not None and settings.retry_on_failure.enabled),
    )


def _body_plan(provider: Provider, client: ClientProtocol, api: str) -> BodyPlan:
    row, speaks_openai = provider.row, provider.settings.protocol == "openai"
    signed = row.credentials.sign is not None
    return BodyPlan(
        # A signature covers the body, whatever it is about.
        readable=api != "" or (signed and not speaks_openai),
        reads_forms=api in apis.IMAGE_FORMS or "{model}" in provider.paths.get(api, ""),
        converts_client=speaks_openai and is_converted(provider, client, api),
        needed=_needs_body(provider, api),
        only_for_path=not (row.dialect.keeps_bodies or signed or api in row.dialect.protocols) and api in apis.UNREAD,
    )


def _answer_plan(provider: Provider, api: str) -> AnswerPlan:
    protocols, settings = provider.row.dialect.protocols, provider.settings
    return AnswerPlan(
        own_protocol=protocols.get(api),
        service=protocols.get(api, openai if api == apis.CHAT else None),
        rewrites_errors=settings.protocol == "openai" and api.startswith("openai/"),
        checked=api in _CHECKED,
        promotes=api == apis.CHAT and promoted_thinking.is_enabled(settings),
    )


def _login(provider: Provider) -> Waits:
    if provider.login is None:
        return ()
    return ((provider.login, f"ai-proxy.{provider.row.name}.load_ak_failed"),)


def _context(provider: Provider, api: str) -> Waits:
    if provider.context is None or api != apis.CHAT or provider.settings.protocol != "openai":
        return ()
    return ((provider.context, f"ai-proxy.{provider.row.name}.load_ctx_failed"),)


def _headers(provider: Provider) -> Mapping[str, str]:
    timeout = provider.settings.first_byte_timeout
    if not (provider.row.dialect.first_byte_timeout_always and timeout):
        return provider.headers
    return {**provider.headers, FIRST_BYTE_TIMEOUT: str(timeout)}


def _stream_headers(provider: Provider, api: str) -> tuple[tuple[str, str], ...]:
    """What says beside the body that a stream is wanted, and how long its first byte may take."""
    headers: dict[str, str] = {}
    if provider.row.dialect.accept_for_streams and api in _STREAMS_ON_ACCEPT:
        headers["accept"] = "text/event-stream"
    if provider.settings.first_byte_timeout and api in apis.STREAMING:
        headers[FIRST_BYTE_TIMEOUT] = str(provider.settings.first_byte_timeout)
    return tuple(headers.items())


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
    """The upstream path, if all requests for this API have the same, but for a query."""
    target = provider.only_path or provider.paths.get(api, "")
    in_query = provider.row.credentials.auth is not None and provider.row.credentials.auth.in_query
    if addressing.keeps_path(provider) or not target or "{" in target or in_query:
        return ""
    return addressing.upstream_path(provider, Exchange(provider.settings, Route(api), client), "/")
