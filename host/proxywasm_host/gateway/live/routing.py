"""Where a request goes: its route by what the client sent, its upstream by what the plugins made of it."""

from __future__ import annotations

from typing import Final, NamedTuple

from proxywasm.wire import Fields

from ..model import Gateway, Match, Route
from ..paths import normalized
from .cors import CorsPolicy
from .origins import Origin

_DEFAULT_PORT: Final = 443


class Target(NamedTuple):
    """Where a request is sent."""

    name: str
    """That of an entry of `upstreams`, or the authority that a plugin has given the request."""
    origin: Origin


class Routing:
    """The routes and upstreams of a gateway file."""

    def __init__(self, gateway: Gateway) -> None:
        self._routes = gateway.routes
        self._ca_file = gateway.ca_file
        self._cors = {
            route.name: CorsPolicy(cors) if cors is not None and cors.origins else None
            for route in gateway.routes
            for cors in [gateway.cors if route.cors is None else route.cors]
        }
        self._upstreams = {
            name: Target(
                name,
                Origin(
                    secure=upstream.url.scheme == "https",
                    host=upstream.url.host,
                    port=upstream.url.port,
                    name=upstream.sni or "",
                    ca_file=upstream.ca_file or gateway.ca_file,
                    proxied=upstream.proxy,
                ),
            )
            for name, upstream in gateway.upstreams.items()
        }

    def upstream(self, name: str) -> Target | None:
        return self._upstreams.get(name)

    def route(self, authority: str, path: str) -> Route | None:
        """The first route that matches; `path` is normalized and may have a query."""
        whole = path.partition("?")[0]
        host = _without_port(authority).lower()
        return next((route for route in self._routes if _matches(route.match, host, whole)), None)

    def cors(self, route: Route) -> CorsPolicy | None:
        """None: no pages of other origins may use this route."""
        return self._cors[route.name]

    def target(self, route: Route, authority: str, asked: str) -> Target | None:
        """`authority` is what the plugins made of `asked`, the client's. None: only the client has named a host."""
        if route.upstream is not None:
            return self._upstreams[route.upstream]
        if (named := self._upstreams.get(authority)) is not None:
            return named
        if not authority or authority == asked:
            return None
        return self._dynamic(authority)

    def _dynamic(self, authority: str) -> Target | None:
        host, port = _without_port(authority), _DEFAULT_PORT
        if len(authority) > len(host):
            digits = authority[len(host) + 1 :]
            if not digits.isascii() or not digits.isdigit() or not 0 < int(digits[:6]) < 1 << 16:
                return None
            port = int(digits)
        if not host:
            return None
        return Target(authority, Origin(secure=True, host=host.strip("[]"), port=port, ca_file=self._ca_file))


def plain_path(fields: Fields) -> Fields:
    """The request with its path in the one form that routes match and upstreams get."""
    for index, (name, value) in enumerate(fields):
        if name == ":path":
            path, mark, query = value.partition("?")
            plain = normalized(path) if path != "*" else path
            if plain != path:
                return [*fields[:index], (name, plain + mark + query), *fields[index + 1 :]]
            break
    return fields


def _matches(match: Match, host: str, path: str) -> bool:
    if match.path is not None:
        if path != match.path:
            return False
    elif not path.startswith(match.path_prefix):
        return False
    if match.host is None:
        return True
    if match.host.startswith("*."):
        return host.endswith(match.host[1:]) and len(host) > len(match.host) - 1
    return host == match.host


def _without_port(authority: str) -> str:
    if authority.startswith("["):
        end = authority.find("]") + 1
        return authority[:end] if end else authority
    return authority.rpartition(":")[0] if ":" in authority else authority
