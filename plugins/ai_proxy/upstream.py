"""Where a request goes and with which credential: host, path and headers."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Set
from typing import Final
from urllib.parse import quote

from proxywasm import Headers, HttpContext, log

from . import apis
from .call import Call
from .credentials.secrets import signature
from .provider import Auth, Original, Outgoing, OwnKey, Provider, Row
from .settings import Settings

# Whatever a client uses to prove who it is: it proves that to the gateway, and is none of the model service's business.
CREDENTIALS: Final = (
    "authorization",
    "x-api-key",
    "x-authorization",
    "api-key",
    "x-goog-api-key",
    "proxy-authorization",
    "x-hi-original-auth",
)

_ORIGINAL_HOST: Final = "x-envoy-original-host"
_ORIGINAL_PATH: Final = "x-envoy-original-path"

# Removed in any case. The length changes with the body; an answer is to come uncompressed, so that it can be read; the
# original host and path are for the gateway to say. What an earlier filter remembered is no business of the service.
_REMOVED_IN_ANY_CASE: Final = (
    "accept-encoding",
    "content-length",
    _ORIGINAL_HOST,
    _ORIGINAL_PATH,
    "x-hi-original-auth",
)

# With the client's credentials, unless they stay.
_REMOVED: Final = tuple(dict.fromkeys((*_REMOVED_IN_ANY_CASE, *CREDENTIALS)))

# Where clients of OpenAI's and other SDKs have their key, in the order in which it is looked for.
_KEY_HEADERS: Final = ("x-api-key", "x-authorization", "authorization")


_USED, _KEPT = OwnKey.USED, OwnKey.KEPT  # An enum member is no cheap attribute.


def address(ctx: HttpContext, headers: Headers, provider: Provider, call: Call, path: str) -> None:
    """Turn the client's request headers into those for the provider. `path`: that of all requests like this one without
    a query; empty if there is none.
    """
    if not call.token and provider.own_key is _USED:
        call.token = _own_key(headers)
    headers.discard_all(_REMOVED_IN_ANY_CASE if provider.own_key is _KEPT else _REMOVED)
    if provider.headers:
        headers.update(provider.headers)
    _set_credential(headers, provider.row, call)
    host, asked = provider.host, ctx.path
    if not path or "?" in asked:
        path = upstream_path(provider, call, asked)
    if host and host != ctx.host:
        headers.set_all(((":authority", host), (_ORIGINAL_HOST, ctx.host)))
    if path != asked:
        headers.set_all(((":path", path), (_ORIGINAL_PATH, asked)))


def set_token(ctx: HttpContext, provider: Provider, call: Call, token: str) -> None:
    """A credential that was not known before."""
    call.token = token
    _set_credential(ctx.request_headers, provider.row, call)


def _set_credential(headers: MutableMapping[str, str], row: Row, call: Call) -> None:
    if call.token and row.auth is not None and not row.auth.in_query:
        headers[row.auth.header] = row.auth.prefix + call.token


def _own_key(headers: Headers) -> str:
    for name in _KEY_HEADERS:
        if value := headers.get(name, ""):
            return value[len("bearer ") :].strip() if value[:7].lower() == "bearer " else value
    log.warn("there is neither a token in the configuration nor a key in the request")
    return ""


def set_host(ctx: HttpContext, provider: Provider, host: str) -> None:
    """Another host than that of the row, unless the configuration says which."""
    headers = ctx.request_headers
    if not provider.settings.provider_domain and host != headers.get(":authority"):
        headers[":authority"] = host
        headers[_ORIGINAL_HOST] = ctx.host


def sign(ctx: HttpContext, provider: Provider, call: Call, body: bytes) -> None:
    """Add what covers all of the request, if there is anything. Nothing may be changed after that."""
    if provider.row.sign is None:
        return
    headers = ctx.request_headers
    sent = Outgoing(headers.get(":method", ""), headers.get(":authority", ""), headers.get(":path", ""), body)
    signed = provider.row.sign(provider.settings, sent)
    call.signature = signature(signed)
    headers.update(signed)


def errand(provider: Provider, call: Call, path: str, body: bytes) -> tuple[Outgoing, dict[str, str]]:
    """A request of the plugin's own to the provider, and its headers. `path` is what a client would ask for."""
    row, settings = provider.row, provider.settings
    headers: dict[str, str] = {"content-type": "application/json", **provider.headers}
    _set_credential(headers, row, call)
    headers |= {name: value for name, value in call.headers.items() if value is not None}
    host = provider.host if settings.provider_domain else call.host or provider.host
    sent = Outgoing("POST", host, upstream_path(provider, call, path), body)
    if row.sign is not None:
        headers |= row.sign(settings, sent)
    return sent, headers


def set_path(ctx: HttpContext, provider: Provider, call: Call) -> None:
    """For a path that is known only with the body."""
    headers = ctx.request_headers
    path = upstream_path(provider, call, ctx.path)
    if path != headers.get(":path"):
        headers[":path"] = path
        headers[_ORIGINAL_PATH] = ctx.path


def upstream_path(provider: Provider, call: Call, path: str) -> str:
    """The path for the provider; the client's query stays, where the service bears it.

    Order of the settings: the client's prefix goes, the provider's path for the API comes, prefixes are put in front.
    """
    settings = provider.settings
    row = provider.row
    base = settings.base_path
    if base and settings.base_path_handling == "removePrefix":
        path = _without_prefix(path, base)
    if not keeps_path(provider):
        if provider.only_path:
            path = provider.only_path
        elif target := call.path or provider.paths.get(call.api):
            # Anthropic's API is elsewhere where a codec or an edit has said so, and no longer Anthropic's.
            if row.strict_query and (call.api.startswith("openai/") or (call.api == apis.MESSAGES and call.path)):
                path = path.partition("?")[0]
            # A parameter that Anthropic's clients use to reach what is new there is nothing to others.
            path = _with_query(_filled(target, call), path, dropped={"beta"} if call.front else frozenset())
        if provider.query:
            # A client of Azure says its `api-version`, too; that of the configuration counts.
            said = {pair.partition("=")[0] for pair in provider.query.split("&")}
            path = _with_query(path.partition("?")[0], path, dropped=said)
            path = f"{path}{'&' if '?' in path else '?'}{provider.query}"
    if row.query and row.query not in path.partition("?")[2].split("&"):
        path = f"{path}{'&' if '?' in path else '?'}{row.query}"
    if base and settings.base_path_handling == "prepend" and not path.startswith(base):
        path = f"{base.rstrip('/')}/{path.lstrip('/')}"
    if row.auth is not None and row.auth.in_query and call.token:
        path = with_key(path, row.auth, call.token)
    return _with_prefix(settings, path)


def keeps_path(provider: Provider) -> bool:
    """Whether requests have the client's path, and not that of their API."""
    row, settings = provider.row, provider.settings
    original = settings.protocol == "original" and (row.original is Original.KEPT or bool(settings.base_path))
    return row.keeps_path or original


def with_key(path: str, auth: Auth, token: str) -> str:
    """The path with this credential in its query, in the place of any other."""
    path = _with_query(path.partition("?")[0], path, dropped={auth.header})
    return f"{path}{'&' if '?' in path else '?'}{auth.header}={quote(token, safe='')}"


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
    """The target with the query of the path, but for what it has in its own, and for what is dropped."""
    query = path.partition("?")[2]
    if not query:
        return target
    own = target.partition("?")[2].split("&")
    rest = [pair for pair in query.split("&") if pair not in own and pair.partition("=")[0] not in dropped]
    return f"{target}{'&' if '?' in target else '?'}{'&'.join(rest)}" if rest else target


def _filled(target: str, call: Call) -> str:
    """Ids of the client's path at their places in the provider's path."""
    if "{" not in target:
        return target
    parameters = call.route.parameters
    if call.model:
        parameters = {**parameters, "model": call.model}
    elif "model" not in parameters:
        # Azure: what names no model is about no deployment.
        target = target.replace("/deployments/{model}", "")
    return re.sub(r"\{(\w+)\}", lambda match: quote(parameters.get(match[1], match[0]), safe=":@"), target)
