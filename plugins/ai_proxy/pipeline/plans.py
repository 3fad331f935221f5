"""What is known of all requests for one API before the first of them arrives.

What follows from the configuration alone is worked out once; a request pays for what it brings along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ..fetching.waiting import Awaited
from ..protocols import clients
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The way of requests for one API to one provider, and that of their answers back."""

    provider: Provider
    api: str
    openai: bool
    """Clients speak OpenAI's protocol, which is converted; otherwise bodies and answers are the client's own affair."""
    client: ClientProtocol
    own_protocol: AnyServiceProtocol | None
    """What converts bodies between the pivot and the service; None: they are the pivot's, or not converted at all."""
    service: AnyServiceProtocol | None
    """The same for clients whose own protocol is not the pivot's: None only where nothing is converted."""

    # The request.
    readable: bool
    """A body may be looked at."""
    reads_forms: bool
    """Also one that is a form; other forms are uploads, which go on as they come."""
    converts_client: bool
    """Requests that have a body become chats of the pivot."""
    supported: bool
    """The provider has this API, or is left to say so itself."""
    choose_path: Callable[[Exchange], str] | None
    stateful: bool
    """A consumer must keep meeting the same account."""
    reads_body: bool
    """Something in the body matters to somebody here."""
    only_for_path: bool
    """Nothing in the body matters but the model that the path names."""
    names_model: bool
    """The upstream path has the model in it."""
    path: str
    """The upstream path of requests without a query; empty: it depends on the request."""
    login: tuple[tuple[Awaited, str], ...]
    """What each request waits for, and what its failure is called in access logs."""
    awaited: tuple[tuple[Awaited, str], ...]
    """The same for requests whose body is read."""
    accepts_events: bool
    """A request for a stream says so by its `accept`, too."""
    first_byte_timeout: str
    """Milliseconds for requests for a stream; empty: no limit."""
    needs_final_request: bool
    """Somebody wants to see a request when nothing in it changes any more."""

    # The answer.
    rewrites_errors: bool
    """A failure is put into the client's terms."""
    checks_answers: bool
    """It is looked at, even if nobody converts it."""
    promotes: bool
    """Reasoning takes the place of content where there is none."""


class Plans(dict[str, Plan]):
    """The plans of one provider by API; each is made when it is first asked for."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider

    def __missing__(self, api: str) -> Plan:
        provider = self.provider
        like_a_chat = (
            provider.settings.protocol == "original" and provider.row.addressing.original is Original.KNOWN_APIS_OR_CHAT
        )
        if like_a_chat and api != apis.CHAT and api not in provider.paths:
            plan = self[apis.CHAT]
        else:
            plan = _plan(provider, api)
        self[api] = plan
        return plan


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration document, or one of its rules, comes to."""

    plans: Plans | None = None
    """Those of the active provider; None: requests pass as they are."""
    listed: tuple[Any, ...] = field(default=(), repr=False)
    """`providers` as given, for rules that choose another one of them."""


def _plan(provider: Provider, api: str) -> Plan:
    row, settings = provider.row, provider.settings
    speaks_openai = settings.protocol == "openai"
    names_model = "{model}" in provider.paths.get(api, "")
    login: tuple[tuple[Awaited, str], ...] = ()
    context: tuple[tuple[Awaited, str], ...] = ()
    if provider.login is not None:
        login = ((provider.login, f"ai-proxy.{row.name}.load_ak_failed"),)
    if provider.context is not None and api == apis.CHAT and speaks_openai:
        context = ((provider.context, f"ai-proxy.{row.name}.load_ctx_failed"),)
    choose_path = row.addressing.choose_path if speaks_openai else None
    timeout = settings.first_byte_timeout if api in apis.STREAMING else 0
    return Plan(
        provider=provider,
        api=api,
        openai=speaks_openai,
        client=clients.of_api(api),
        own_protocol=row.dialect.protocols.get(api),
        service=row.dialect.protocols.get(api, openai if api == apis.CHAT else None),
        # A signature covers the body, whatever it is about.
        readable=api != "" or (row.credentials.sign is not None and not speaks_openai),
        reads_forms=api in apis.IMAGE_FORMS or names_model,
        converts_client=speaks_openai and is_converted(provider, api),
        supported=api in provider.paths or _forwards_unknown_apis(provider),
        choose_path=choose_path,
        stateful=api in apis.STATEFUL,
        reads_body=_is_edited(provider, api),
        only_for_path=not row.dialect.keeps_bodies
        and row.credentials.sign is None
        and api in apis.UNREAD
        and api not in row.dialect.protocols,
        names_model=names_model,
        path="" if choose_path else _path(provider, api),
        login=login,
        awaited=login + context,
        accepts_events=row.dialect.accept_for_streams and api in _STREAMS_ON_ACCEPT,
        first_byte_timeout=str(timeout) if timeout else "",
        needs_final_request=row.credentials.sign is not None
        or (settings.retry_on_failure is not None and settings.retry_on_failure.enabled),
        rewrites_errors=speaks_openai and api.startswith("openai/"),
        checks_answers=api in _CHECKED,
        promotes=api == apis.CHAT and promoted_thinking.wanted(settings),
    )


def _forwards_unknown_apis(provider: Provider) -> bool:
    if provider.settings.protocol == "openai" or provider.row.addressing.forwards_unknown_apis:
        return provider.row.addressing.forwards_unknown_apis
    return provider.row.addressing.original is not Original.LIKE_OPENAI


def _is_edited(provider: Provider, api: str) -> bool:
    row, settings = provider.row, provider.settings
    if row.dialect.keeps_bodies:
        return bool(settings.custom_settings)
    if row.credentials.sign is not None:
        return True
    if settings.protocol != "openai" or api not in provider.paths:
        return False
    return api in row.dialect.protocols or api not in apis.UNREAD or "{model}" in provider.paths[api]


def _path(provider: Provider, api: str) -> str:
    """The upstream path, if all requests for this API have the same, but for a query."""
    target = provider.only_path or provider.paths.get(api, "")
    in_query = provider.row.credentials.auth is not None and provider.row.credentials.auth.in_query
    if addressing.keeps_path(provider) or not target or "{" in target or in_query:
        return ""
    return addressing.upstream_path(provider, clients.new_exchange(provider.settings, Route(api)), "/")
