"""Where a request goes and with which credential: host, path and headers."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from proxywasm import HttpContext

from .call import Call
from .provider import Provider
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
# original host and path are for the gateway to say.
_REMOVED: Final = frozenset({*CREDENTIALS, "accept-encoding", "content-length", _ORIGINAL_HOST, _ORIGINAL_PATH})


def address(ctx: HttpContext, provider: Provider, call: Call) -> None:
    """Turn the client's request headers into those for the provider."""
    headers = ctx.request_headers
    for name in list(headers):
        if name in _REMOVED:
            del headers[name]
    auth = provider.row.auth
    if call.token:
        headers[auth.header] = auth.template.format(call.token)
    if provider.host != ctx.host:
        headers[":authority"] = provider.host
        headers[_ORIGINAL_HOST] = ctx.host
    set_path(ctx, provider, call)


def set_path(ctx: HttpContext, provider: Provider, call: Call) -> None:
    """May be repeated when a codec has chosen another path."""
    headers = ctx.request_headers
    path = upstream_path(provider, call, ctx.path)
    if path != headers.get(":path"):
        headers[":path"] = path
        headers[_ORIGINAL_PATH] = ctx.path


def upstream_path(provider: Provider, call: Call, path: str) -> str:
    """The path for the provider; the client's query stays.

    Order of the settings: the client's prefix goes, the provider's path for the API comes, prefixes are put in front.
    """
    settings = provider.settings
    base = settings.base_path
    if base and settings.base_path_handling == "removePrefix":
        path = _without_prefix(path, base)
    if settings.protocol == "openai" or not (provider.row.original_keeps_path or base):
        target = call.path or provider.paths.get(call.api)
        if target:
            path = _with_query(_filled(target, call), path)
    if base and settings.base_path_handling == "prepend" and not path.startswith(base):
        path = f"{base.rstrip('/')}/{path.lstrip('/')}"
    return _with_prefix(settings, path)


def _without_prefix(path: str, base: str) -> str:
    base = base.rstrip("/")
    if not path.startswith(base):
        return path
    rest = path[len(base) :]
    return rest if rest.startswith("/") else path if rest and rest[0] != "?" else f"/{rest}"


def _with_prefix(settings: Settings, path: str) -> str:
    prefix = settings.provider_base_path
    return path if not prefix or path.startswith(prefix) else prefix + path


def _with_query(target: str, path: str) -> str:
    query = path.partition("?")[2]
    if not query:
        return target
    return f"{target}{'&' if '?' in target else '?'}{query}"


def _filled(target: str, call: Call) -> str:
    """Ids of the client's path at their places in the provider's path."""
    if "{" not in target:
        return target
    parameters = call.route.parameters
    return re.sub(r"\{(\w+)\}", lambda match: quote(parameters.get(match[1], match[0]), safe=":@"), target)
