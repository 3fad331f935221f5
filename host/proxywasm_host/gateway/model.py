"""The model of a gateway file: where the gateway listens, its plugins in order, and where requests go.

It does not depend on Envoy.

A request's **route** is the first one that matches what the client sent; plugins may change authority and path later
without changing the route. The request goes to the route's `upstream`. If the route names none, it goes to the entry of
`upstreams` for the authority that the plugins gave the request, or else to the host of that name by HTTPS.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..reading import shown
from .values import (
    AdminAddress,
    Bytes,
    File,
    HostName,
    ListenAddress,
    Name,
    PathPrefix,
    Seconds,
    Server,
    WatchdogSeconds,
    WholePath,
)

_MOST_CHOICES: Final = 100_000
"""Pairs of a route and an upstream that it may choose: Envoy's configuration contains each of them."""


def _upstream(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


def _some(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    if not routes:
        raise ValueError("needs at least one entry")
    return routes


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PluginEntry(_Part):
    """A plugin in the chain."""

    name: Name
    """In logs, and as the root id of its instances: modules of other SDKs choose one of their plugins by it."""
    module: File | None = None
    """A Proxy-Wasm module."""
    source: File | None = None
    """A plugin's package folder or Python file, or the name of an installed one; built when it is needed."""
    config: dict[str, Any] = {}
    on_failure: Literal["closed", "open"] = "closed"
    """What happens to requests while the plugin cannot run: an error, or nothing, as if it were not there."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.module is None) == (self.source is None):
            raise ValueError(
                "has to have either `module`, a file for Proxy-Wasm, or `source`, a plugin's folder or Python file"
            )
        return self


class Match(_Part):
    """Conditions for a client's request. All that are given must hold."""

    path_prefix: PathPrefix = "/"
    path: WholePath | None = None
    """The whole path, without its query; goes before `path_prefix`."""
    host: HostName | None = None
    """Lower case, without port. `*.example.com` matches every host in that domain."""

    @model_validator(mode="after")
    def _one_path(self) -> Self:
        if self.path is not None and self.path_prefix != "/":
            raise ValueError("has both `path` and `path_prefix`; keep one")
        return self


class Route(_Part):
    name: Name
    """For `_match_route_` of plugins, and in the access log."""
    match: Match = Match()
    upstream: str | None = None
    """The name of an entry of `upstreams`; all requests go there, with whatever authority they have."""


class Upstream(_Part):
    """A server. Its name is the authority of the requests that go there, or the cluster that plugins call."""

    url: Server
    sni: Name | None = None
    """The name that its certificate has to have; by default the host of the URL."""

    @model_validator(mode="after")
    def _name_to_check(self) -> Self:
        if self.url.scheme == "https" and self.url.is_ip and not self.sni:
            raise ValueError("an IP address has no certificate of its own; say whose it is with `sni`")
        if self.url.scheme == "http" and self.sni:
            raise ValueError("`sni` is for https")
        return self


class Limits(_Part):
    body: Bytes = 64 * 2**20
    """Bytes of a request or response that a plugin reads as a whole. Beyond that, Envoy itself answers 413 or 500.

    The default is the most that our own host lets plugins set, so that limits and errors of plugins come first.
    """
    idle: Seconds = 3600.0
    """A stream ends when no byte has moved in either direction for so long. Its whole duration is not limited."""
    connect: Seconds = 10.0
    """For connecting to an upstream."""
    watchdog: WatchdogSeconds | None = None
    """How long a callback of a plugin may take before Envoy ends itself, with all streams. None: no limit."""


class Gateway(_Part):
    listen: ListenAddress
    workers: Annotated[int, Field(ge=1, le=1024)] = 1
    """Threads; each has an instance of every plugin."""
    admin: AdminAddress | None = None
    access_log: bool = False
    trailers: bool = False
    """Whether those of HTTP/1.1 messages pass. Off as in Envoy: a client's trailers may have names that plugins and
    upstreams trust only because a plugin sets or removes the header of that name."""
    ca_file: File | None = None
    """The certificates that upstreams are checked against, PEM; by default those of the system."""
    plugins: Annotated[tuple[PluginEntry, ...], Field(strict=False)] = ()
    """In the order in which they see a request; a response goes the other way round."""
    routes: Annotated[tuple[Route, ...], Field(strict=False), AfterValidator(_some)]
    upstreams: dict[Name, Annotated[Upstream, BeforeValidator(_upstream)]] = {}
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _names(self) -> Self:
        for what, names in (
            ("plugins", [item.name for item in self.plugins]),
            ("routes", [r.name for r in self.routes]),
        ):
            if twice := _first_twice(names):
                raise ValueError(f"two {what} are called {twice!r}; each needs a name of its own")
        free = sum(route.upstream is None for route in self.routes)
        if free * len(self.upstreams) > _MOST_CHOICES:
            raise ValueError(
                f"{free} routes without `upstream` and {len(self.upstreams)} upstreams are too many, multiplied with "
                f"each other more than {_MOST_CHOICES:,}; give routes an `upstream`"
            )
        for route in self.routes:
            if route.upstream is not None and route.upstream not in self.upstreams:
                known = shown(", ".join(self.upstreams) or "none", 200)
                raise ValueError(
                    f"the route {route.name!r} goes to the upstream {route.upstream!r}, which is not in `upstreams`"
                    f" (there: {known})"
                )
        return self


def _first_twice(names: Iterable[str]) -> str | None:
    seen: set[Hashable] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
