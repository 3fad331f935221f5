"""What is known of all requests for one API before the first of them arrives.

What follows from the configuration alone is worked out once; a request pays for what it brings along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..fetching.waiting import Awaited
from ..protocols import fronts
from ..protocols.exchange import Exchange
from ..providers.row import Codec, Original, Provider
from ..wire import apis
from ..wire.apis import Route
from . import addressing, promoted_thinking

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
    codec: Codec | None

    # The request.
    readable: bool
    """A body may be looked at."""
    reads_forms: bool
    """Also one that is a form; other forms are uploads, which go on as they come."""
    front: bool
    """A front takes over requests that have a body."""
    served: bool
    """The provider has this API, or is left to say so itself."""
    choose_path: Callable[[Exchange], str] | None
    stateful: bool
    """A consumer must keep meeting the same account."""
    edited: bool
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
    sealed: bool
    """Somebody wants to see a request when nothing in it changes any more."""

    # The answer.
    explained: bool
    """A failure is put into the client's terms."""
    checked: bool
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
        like_a_chat = provider.settings.protocol == "original" and provider.row.original is Original.KNOWN_APIS_OR_CHAT
        if like_a_chat and api != apis.CHAT and api not in provider.paths:
            plan = self[apis.CHAT]
        else:
            plan = _plan(provider, api)
        self[api] = plan
        return plan


def _plan(provider: Provider, api: str) -> Plan:
    row, settings = provider.row, provider.settings
    openai = settings.protocol == "openai"
    names_model = "{model}" in provider.paths.get(api, "")
    login: tuple[tuple[Awaited, str], ...] = ()
    context: tuple[tuple[Awaited, str], ...] = ()
    if provider.login is not None:
        login = ((provider.login, f"ai-proxy.{row.name}.load_ak_failed"),)
    if provider.context is not None and api == apis.CHAT and openai:
        context = ((provider.context, f"ai-proxy.{row.name}.load_ctx_failed"),)
    choose_path = row.choose_path if openai else None
    timeout = settings.first_byte_timeout if api in apis.STREAMING else 0
    return Plan(
        provider=provider,
        api=api,
        openai=openai,
        codec=row.codecs.get(api),
        # A signature covers the body, whatever it is about.
        readable=api != "" or (row.sign is not None and not openai),
        reads_forms=api in apis.IMAGE_FORMS or names_model,
        front=openai and fronts.concern(api, provider),
        served=api in provider.paths or _forwards_unknown_apis(provider),
        choose_path=choose_path,
        stateful=api in apis.STATEFUL,
        edited=_is_edited(provider, api),
        only_for_path=not row.keeps_bodies and row.sign is None and api in apis.UNREAD and api not in row.codecs,
        names_model=names_model,
        path="" if choose_path else _path(provider, api),
        login=login,
        awaited=login + context,
        accepts_events=row.accept_for_streams and api in _STREAMS_ON_ACCEPT,
        first_byte_timeout=str(timeout) if timeout else "",
        sealed=row.sign is not None or (settings.retry_on_failure is not None and settings.retry_on_failure.enabled),
        explained=openai and api.startswith("openai/"),
        checked=api in _CHECKED,
        promotes=api == apis.CHAT and promoted_thinking.wanted(settings),
    )


def _forwards_unknown_apis(provider: Provider) -> bool:
    if provider.settings.protocol == "openai" or provider.row.forwards_unknown_apis:
        return provider.row.forwards_unknown_apis
    return provider.row.original is not Original.LIKE_OPENAI


def _is_edited(provider: Provider, api: str) -> bool:
    row, settings = provider.row, provider.settings
    if row.keeps_bodies:
        return bool(settings.custom_settings)
    if row.sign is not None:
        return True
    if settings.protocol != "openai" or api not in provider.paths:
        return False
    return api in row.codecs or api not in apis.UNREAD or "{model}" in provider.paths[api]


def _path(provider: Provider, api: str) -> str:
    """The upstream path, if all requests for this API have the same, but for a query."""
    target = provider.only_path or provider.paths.get(api, "")
    in_query = provider.row.auth is not None and provider.row.auth.in_query
    if addressing.keeps_path(provider) or not target or "{" in target or in_query:
        return ""
    return addressing.upstream_path(provider, Exchange(provider.settings, Route(api)), "/")
