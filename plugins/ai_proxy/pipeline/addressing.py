"""Sets the host, the path and the credential of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Set
from typing import Final, Protocol
from urllib.parse import quote, unquote_plus

from proxywasm import Headers, HttpContext, log

from ..config.settings import Settings
from ..credentials.secrets import signature
from ..credentials.signing.outgoing import Outgoing
from ..protocols.exchange import Exchange
from ..providers.row import Auth, Original, OwnKey, Provider, Row
from ..wire import apis, paths
from ..wire.client_headers import ORIGINAL_HOST, ORIGINAL_PATH

# Headers in which SDKs send the client's key, in the order in which they are read.
_KEY_HEADERS: Final = ("x-api-key", "x-authorization", "authorization")


_PROTOCOLS: Final = "sec-websocket-protocol"
_PROTOCOL_KEY: Final = "openai-insecure-api-key."
"""Precedes the key of OpenAI's clients in browsers, which cannot set headers and send it as a WebSocket protocol."""

_USED, _REMOVED = OwnKey.USED, OwnKey.REMOVED  # Reading a member of an enum is slow.


class FixedAddress(Protocol):
    """The parts of the address that do not depend on the request."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of all requests."""

    @property
    def default_headers(self) -> Mapping[str, str]:
        """The headers of requests whose clients do not send them."""

    @property
    def path(self) -> str:
        """The upstream path of requests without a query; empty: it depends on the request."""


def address(ctx: HttpContext, headers: Headers, provider: Provider, fixed: FixedAddress, exchange: Exchange) -> None:
    """Change the client's request headers for the provider. Raises `ApiError` as `upstream_path` does."""
    if not exchange.secrets.token and provider.own_key is _USED:
        exchange.secrets.token = _own_key(headers)
    headers.discard_all(provider.removed_headers)
    if exchange.api == apis.REALTIME and provider.own_key is _REMOVED:
        _remove_protocol_key(headers)
    if fixed.headers:
        headers.update(fixed.headers)
    if fixed.default_headers:
        headers.update({name: value for name, value in fixed.default_headers.items() if not headers.get(name)})
    host, requested_path, path = provider.host, ctx.path, fixed.path
    if not path or "?" in requested_path:
        path = upstream_path(provider, exchange, requested_path)
    # In one call, because calls of `headers` are expensive.
    changes: list[tuple[str, str]] = []
    auth = provider.auth_header
    if auth is not None and exchange.secrets.token:
        changes += ((auth.header, auth.prefix + exchange.secrets.token),)
    if host and host != ctx.host:
        changes += ((":authority", host), (ORIGINAL_HOST, ctx.host))
    if path != requested_path:
        changes += ((":path", path), (ORIGINAL_PATH, _without_key(provider.row, requested_path)))
    headers.set_all(changes)


def set_token(ctx: HttpContext, provider: Provider, exchange: Exchange, token: str) -> None:
    """Set a credential that was not known when the request was addressed."""
    exchange.secrets.token = token
    _set_credential(ctx.request_headers, provider, exchange)


def _set_credential(headers: MutableMapping[str, str], provider: Provider, exchange: Exchange) -> None:
    auth = provider.auth_header
    if exchange.secrets.token and auth is not None:
        headers[auth.header] = auth.prefix + exchange.secrets.token


def _own_key(headers: Headers) -> str:
    for name in _KEY_HEADERS:
        if (value := headers.get(name, "")) and value.isascii():
            return value[len("bearer ") :].strip() if value[:7].lower() == "bearer " else value
    log.warn("there is neither a token in the configuration nor a key in the request")
    return ""


def _remove_protocol_key(headers: Headers) -> None:
    protocols = [one.strip() for given in headers.get_all(_PROTOCOLS) for one in given.split(",")]
    kept = [one for one in protocols if not one.startswith(_PROTOCOL_KEY)]
    if len(kept) < len(protocols):
        headers.discard(_PROTOCOLS)
        if kept:
            headers[_PROTOCOLS] = ", ".join(kept)


def set_host(ctx: HttpContext, provider: Provider, host: str) -> None:
    """Replace the host of the row, unless the configuration sets the host."""
    headers = ctx.request_headers
    if not provider.settings.provider_domain and host != headers.get(":authority"):
        headers[":authority"] = host
        headers[ORIGINAL_HOST] = ctx.host


def sign(ctx: HttpContext, provider: Provider, exchange: Exchange, body: bytes) -> None:
    """Sign the request, if the provider needs it. The request must not change afterwards."""
    if provider.row.credentials.sign is None:
        return
    headers = ctx.request_headers
    sent = Outgoing(headers.get(":method", ""), headers.get(":authority", ""), headers.get(":path", ""), body)
    signed = provider.row.credentials.sign(provider.settings, sent)
    exchange.secrets.signature = signature(signed)
    headers.update(signed)


def own_request(provider: Provider, exchange: Exchange, path: str, body: bytes) -> tuple[Outgoing, dict[str, str]]:
    """A request of the plugin itself to the provider, and its headers. `path` is the path of a client's request."""
    row, settings = provider.row, provider.settings
    headers: dict[str, str] = {"content-type": "application/json", **provider.headers}
    _set_credential(headers, provider, exchange)
    headers |= {name: value for name, value in exchange.headers.items() if value is not None}
    host = provider.host if settings.provider_domain else exchange.host or provider.host
    sent = Outgoing("POST", host, upstream_path(provider, exchange, path), body)
    if row.credentials.sign is not None:
        headers |= row.credentials.sign(settings, sent)
    return sent, headers


def set_path(ctx: HttpContext, provider: Provider, path: str) -> None:
    """Set a path that depends on the body."""
    headers = ctx.request_headers
    if path != headers.get(":path"):
        headers[":path"] = path
        headers[ORIGINAL_PATH] = _without_key(provider.row, ctx.path)


def upstream_path(provider: Provider, exchange: Exchange, path: str) -> str:
    """The path for the provider, with the client's query unless the service refuses unknown parameters.

    The settings apply in this order: the client's prefix is removed, the provider's path for the API replaces the rest,
    prefixes are added. Raises `ApiError` if a name from the client is not valid in a path.
    """
    settings, row = provider.settings, provider.row
    base = settings.base_path
    if base and settings.base_path_handling == "removePrefix":
        path = _without_prefix(path, base)
    if not keeps_path(provider):
        path = _path_of_api(provider, exchange, path)
    path = _with_query_of_row(provider, path)
    if base and settings.base_path_handling == "prepend" and not path.startswith(base):
        path = f"{base.rstrip('/')}/{path.lstrip('/')}"
    auth = row.credentials.auth
    if auth is not None and auth.in_query and exchange.secrets.token:
        path = with_key(path, auth, exchange.secrets.token)
    return _with_prefix(settings, path)


def _path_of_api(provider: Provider, exchange: Exchange, path: str) -> str:
    """The provider's path for the API of this request; the client's path if the provider has none."""
    if provider.only_path:
        path = provider.only_path
    elif target := exchange.path or provider.paths.get(exchange.api):
        is_converted = exchange.api == apis.CHAT or exchange.api in provider.row.dialect.protocols
        if provider.row.addressing.strict_query and (is_converted or _is_another_api(exchange)):
            path = path.partition("?")[0]
        # Parameters of the client's protocol are unknown to a service with another protocol.
        dropped = exchange.client.dropped_query if is_converted else frozenset()
        path = _with_query(_fill_parameters(target, exchange), path, dropped=dropped)
    # Clients of Azure send an `api-version`; that of the configuration replaces it.
    return _with_fixed_query(path, provider.query) if provider.query else path


def _is_another_api(exchange: Exchange) -> bool:
    """Whether the upstream API is not the client's: then the service may not know the parameters of its query."""
    # If an edit has set the path of the client's own API, the service has that API.
    return exchange.api.startswith("openai/") or (exchange.path != "" and exchange.api == exchange.client.chat_api)


def _with_query_of_row(provider: Provider, path: str) -> str:
    """The path with the row's parameter and without the client's key."""
    query = provider.row.addressing.query
    if query and query not in path.partition("?")[2].split("&"):
        path = _with_fixed_query(path, query)
    return _without_key(provider.row, path)


def _without_key(row: Row, path: str) -> str:
    """The path without a client's key in its query."""
    if row.credentials.key_parameter and "?" in path:
        return _with_query(path.partition("?")[0], path, dropped={row.credentials.key_parameter})
    return path


def keeps_path(provider: Provider) -> bool:
    """Whether requests keep the client's path."""
    row, settings = provider.row, provider.settings
    original = settings.protocol == "original" and (
        row.addressing.original is Original.KEPT or bool(settings.base_path)
    )
    return row.addressing.keeps_path or original


def with_key(path: str, auth: Auth, token: str) -> str:
    """The path with this credential in its query, replacing any other."""
    return _with_fixed_query(path, f"{auth.header}={quote(token, safe='')}")


def _without_prefix(path: str, base: str) -> str:
    base = base.rstrip("/")
    if not path.startswith(base):
        return path
    rest = path[len(base) :]
    return rest if rest.startswith("/") else path if rest and rest[0] != "?" else f"/{rest}"


def _with_prefix(settings: Settings, path: str) -> str:
    prefix = settings.provider_base_path
    return path if not prefix or path.startswith(prefix) else prefix + path


def _with_query(target: str, path: str, dropped: Set[str] = frozenset()) -> str:
    """The target with the query of the path, without `dropped` parameters and those that the target itself has."""
    query = path.partition("?")[2]
    if not query:
        return target
    dropped = dropped | _names(target.partition("?")[2])
    rest = [pair for pair in query.split("&") if _name(pair) not in dropped]
    return f"{target}{'&' if '?' in target else '?'}{'&'.join(rest)}" if rest else target


def _with_fixed_query(path: str, query: str) -> str:
    """The path with this query at its end, replacing parameters of the same names."""
    path = _with_query(path.partition("?")[0], path, dropped=_names(query))
    return f"{path}{'&' if '?' in path else '?'}{query}"


def _names(query: str) -> Set[str]:
    return {_name(pair) for pair in query.split("&")} if query else frozenset()


def _name(pair: str) -> str:
    """The decoded name of a parameter."""
    name = pair.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def _fill_parameters(target: str, exchange: Exchange) -> str:
    """The provider's path with the ids from the client's path."""
    if "{" not in target:
        return target
    parameters = exchange.route.parameters
    if exchange.model:
        parameters = {**parameters, "model": exchange.model}
    elif "model" not in parameters:
        # Azure: a request without a model does not belong to a deployment.
        target = target.replace("/deployments/{model}", "")
    return re.sub(
        r"\{(\w+)\}", lambda match: paths.segment(parameters.get(match[1], match[0]), match[1], safe=":@"), target
    )
