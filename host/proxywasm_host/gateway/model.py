"""The model of a gateway file: where the gateway listens, its plugins in order, and where requests go.

It does not depend on an engine. A key that an engine lacks is marked with `NotIn`, and the engine refuses it.

A request's **route** is the first one that matches what the client sent; plugins may change authority and path later
without changing the route. The request goes to the route's `upstream`. If the route names none, it goes to the entry of
`upstreams` for the authority that the plugins gave the request, or else to the host of that name by HTTPS.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..reading import shown
from .engines import NotIn
from .values import (
    AdminAddress,
    Bytes,
    Collector,
    FieldName,
    File,
    HeaderBytes,
    HostName,
    ListenAddress,
    Method,
    Name,
    PageOrigin,
    PathPrefix,
    Seconds,
    Server,
    VariableName,
    WatchdogSeconds,
    WholePath,
)

_MOST_CHOICES: Final = 100_000
"""Pairs of a route and an upstream that it may choose: Envoy's configuration contains each of them."""


def _upstream(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


def _proxy(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


def _some(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    if not routes:
        raise ValueError("needs at least one entry")
    return routes


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class PluginEntry(_Part):
    """A plugin in the chain."""

    name: Name
    """In logs, and as the root id of its instances: modules of other SDKs choose one of their plugins by it."""
    module: Annotated[File | None, NotIn("serve", "only Envoy runs modules; give the `source` of the plugin")] = None
    """A Proxy-Wasm module."""
    source: File | None = None
    """A plugin's package folder or Python file, or the name of an installed one; built when it is needed."""
    config: dict[str, Any] = {}
    """What the plugin's own documentation says."""
    on_failure: Literal["closed", "open"] = "closed"
    """What happens to requests while the plugin cannot run: an error, or nothing, as if it were not there."""
    sends_again: Annotated[bool | None, NotIn("serve", "every plugin can do it there; leave it out")] = None
    """Whether the plugin sends requests again (`ctx.send_again`), for which Envoy needs a second stage. Without it: if
    its configuration has `routing.fallback`, as that of ai_proxy."""

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


class Tls(_Part):
    """What the gateway proves its name with."""

    certificate: File
    """PEM: the certificate, then those that lead from it to its authority."""
    key: File
    """PEM: the certificate's private key, without a passphrase."""


class Cors(_Part):
    """Which pages of other origins may use the gateway from a browser. Preflights are answered before plugins run."""

    origins: Annotated[tuple[PageOrigin, ...], Field(strict=False)]
    """Such as `https://chat.example.com`; `https://*.example.com` for all of a domain, `*` for all. Empty: none."""
    methods: Annotated[tuple[Method, ...], Field(strict=False)] = ("GET", "POST", "PUT", "PATCH", "DELETE")
    """That pages may use."""
    headers: Annotated[tuple[FieldName, ...], Field(strict=False)] = ("*", "authorization")
    """That pages may send. For browsers `*` does not include `authorization`."""
    expose: Annotated[tuple[FieldName, ...], Field(strict=False)] = ()
    """Headers of responses that pages may read."""
    credentials: bool = False
    """Whether browsers send cookies and client certificates; not together with `*` anywhere in here."""
    max_age: Annotated[int, Field(ge=0, le=86_400)] = 7_200
    """Seconds that browsers remember the answer to a preflight."""

    @model_validator(mode="after")
    def _nobody_in_particular(self) -> Self:
        if self.credentials:
            for name, values in (("origins", self.origins), ("headers", self.headers), ("expose", self.expose)):
                if "*" in values:
                    raise ValueError(f"with `credentials` the `{name}` have to be named, without `*`")
        return self


class Proxy(_Part):
    """An HTTP proxy that makes tunnels (CONNECT)."""

    url: Server
    """Such as `http://proxy.example.com:3128`."""
    authorization: Annotated[str | None, Field(min_length=1, pattern=r"^[!-~]+( [!-~]+)*$")] = None
    """The value of `proxy-authorization`, such as `Basic dXNlcjpwYXNz`."""

    @model_validator(mode="after")
    def _plain(self) -> Self:
        if self.url.scheme != "http":
            raise ValueError("the proxy itself is asked by http; what goes through it is by https all the same")
        return self


class Route(_Part):
    name: Name
    """For `_match_route_` of plugins, and in the access log."""
    match: Match = Match()
    """What a client has to ask for. Without it, everything matches."""
    upstream: str | None = None
    """The name of an entry of `upstreams`; all requests go there, with whatever authority they have."""
    cors: Cors | None = None
    """Instead of the gateway's; with empty `origins` no other page may use this route."""


class Upstream(_Part):
    """A server. Its name is the authority of the requests that go there, or the cluster that plugins call."""

    url: Server
    """Such as `https://example.com`; an entry that is a text is this key."""
    sni: Name | None = None
    """The name that its certificate has to have; by default the host of the URL."""
    ca_file: File | None = None
    """The certificates that this one is checked against, PEM; by default the gateway's `ca_file`."""
    proxy: Annotated[bool, NotIn("envoy", "Envoy uses no outgoing proxy; leave it out")] = True
    """false: not by way of the gateway's `proxy`."""

    @model_validator(mode="after")
    def _name_to_check(self) -> Self:
        if self.url.scheme == "https" and self.url.is_ip and not self.sni:
            raise ValueError("an IP address has no certificate of its own; say whose it is with `sni`")
        if self.url.scheme == "http" and self.sni:
            raise ValueError("`sni` is for https")
        if self.url.scheme == "http" and self.ca_file:
            raise ValueError("`ca_file` is for https")
        return self


class Limits(_Part):
    """Times are seconds. Those of a stream count for HTTP and for WebSockets."""

    body: Bytes = 64 * 2**20
    """Bytes of a request or response that a plugin reads as a whole; more is 413 or 500.

    The default is the most that our own host lets plugins set, so that limits and errors of plugins come first.
    """
    headers: HeaderBytes = 64 * 2**10
    """Bytes of all headers of a request; more is 431. Envoy counts whole KiB."""
    connections: Annotated[int, Field(ge=1, le=10_000_000)] = 50_000
    """Of clients at the same time; further ones are closed."""
    connect: Seconds = 10.0
    """Until an upstream is connected, with TLS; then 503."""
    request_head: Seconds = 10.0
    """From the first byte of a request until its headers are complete; then 408."""
    request: Seconds = 300.0
    """From the headers of a request until its body is complete; then 408."""
    first_byte: Seconds | None = None
    """That an upstream may take from the end of the request until its response begins; then 504.

    It begins with its headers, and in `serve`, while a plugin holds these, with its body.
    """
    idle: Seconds = 3600.0
    """That a stream may move in neither direction; then 504, or 408 before the end of the request."""
    total: Seconds | None = None
    """That a stream may take in all; then 504, or 408 before the end of the request."""
    keep_alive: Seconds = 75.0
    """That a client's connection may be open without a request."""
    drain: Seconds = 10.0
    """That streams may take to end when the gateway is told to (SIGTERM); in Envoy with `--run`."""
    watchdog: WatchdogSeconds | None = None
    """That a callback of a plugin may take. `serve` ends the instance, after 5 seconds unless given, and Envoy ends
    itself with all its streams, never unless given."""


class Tracing(_Part):
    """A span for each stream, by OpenTelemetry."""

    url: Collector
    """Where the collector takes spans by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`."""
    service: Name = "proxywasm"
    """The name of this gateway in traces."""
    sample: Annotated[float, Field(ge=0, le=1, strict=False, allow_inf_nan=False)] = 1.0
    """The part of traces that is recorded, of those that begin here. The `traceparent` of a client decides itself."""
    headers: dict[Name, str] = {}
    """Of requests to the collector, such as `authorization`."""


class Console(_Part):
    """A page on which the gateway is seen and changed, for whoever has the token. Give one of `token_file` and
    `token_env`."""

    token_file: File | None = None
    """A file with the token, of 16 characters or more, which only the gateway should be able to read."""
    token_env: VariableName | None = None
    """The variable of the environment that has the token."""
    listen: AdminAddress | None = None
    """Where it is shown; by default at `admin`, in `serve`. Envoy's `admin` is its own, so with Envoy it is needed."""
    hosts: Annotated[tuple[HostName, ...], Field(strict=False)] = ()
    """Names by which browsers reach it, such as that of a proxy in front, besides `localhost` and its address."""

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if (self.token_file is None) == (self.token_env is None):
            raise ValueError("has to have either `token_file` or `token_env`, which has the token")
        return self


class Gateway(_Part):
    listen: ListenAddress
    """An IP address and a port. `0.0.0.0` stands for all IPv4 addresses of the machine, `[::]` for those of both
    kinds."""
    tls: Tls | None = None
    """Makes the listener one for HTTPS."""
    workers: Annotated[int, Field(ge=1, le=1024)] = 1
    """Threads of Envoy, processes of `serve`; each has an instance of every plugin."""
    admin: AdminAddress | None = None
    """Where metrics and health are shown. For loopback only: Envoy's administration shows secrets, too."""
    console: Console | None = None
    """A page on which the gateway is seen and changed; without it there is none."""
    access_log: bool = False
    """A line of JSON for each request on standard output, without queries and headers."""
    tracing: Tracing | None = None
    """A span for each stream, which upstreams get as `traceparent`; without it that of a client passes as it is."""
    trailers: bool = False
    """Whether those of HTTP/1.1 messages pass.

    Off as in Envoy: a client's trailers may have names that plugins and upstreams trust only because a plugin sets or
    removes the header of that name.
    """
    ca_file: File | None = None
    """The certificates that upstreams are checked against, PEM; by default those of the system."""
    proxy: Annotated[
        Proxy | None, BeforeValidator(_proxy), NotIn("envoy", "Envoy uses no outgoing proxy; leave it out")
    ] = None
    """An HTTP proxy through which upstreams are connected; an entry that is a text is its `url`."""
    cors: Cors | None = None
    """Pages of which origins may use the gateway from a browser; without it none but its own."""
    playground: Annotated[
        bool, NotIn("envoy", "Envoy serves no pages; leave it out, or run the file with `proxywasm serve`")
    ] = False
    """Serves the pages `/playground` and `/arena`, and their files below `/pages/`, before any route."""
    plugins: Annotated[tuple[PluginEntry, ...], Field(strict=False)] = ()
    """In the order in which they see a request; a response goes the other way round."""
    routes: Annotated[tuple[Route, ...], Field(strict=False), AfterValidator(_some)]
    """The first one that matches is a request's."""
    upstreams: dict[Name, Annotated[Upstream, BeforeValidator(_upstream)]] = {}
    """By the authority that plugins give a request, or the cluster that they call."""
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _place_of_console(self) -> Self:
        if self.console is not None:
            if self.console.listen is None and self.admin is None:
                raise ValueError("`console` is shown at `admin`, which is not given; or give it a `listen` of its own")
            if self.console.listen in (self.listen, self.admin):
                raise ValueError("`console` needs another `listen` than the gateway and its `admin`; or leave it out")
        return self

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
