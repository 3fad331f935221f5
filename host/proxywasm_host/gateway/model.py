"""What a gateway is: where it listens, which plugins see a request in which order, and where it goes.

Nothing here is Envoy's: whatever serves a gateway file reads this.

A request's **route** is the first that matches what the client sent; plugins may change its authority and path later
without changing its route. Where the request then goes is the route's `upstream`, or if it names none, the authority
that the plugins gave the request: to the entry of `upstreams` for it, otherwise to the host of that name by HTTPS.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from ..reading import shown
from .paths import normalized

_UNITS: Final = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_LONGEST_NAME: Final = 255
_MOST_CHOICES: Final = 100_000
"""Of an upstream by a route: Envoy's configuration has each of them."""


class Address(NamedTuple):
    """Where to listen."""

    host: str
    """An IP address, of version 6 without its brackets."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback


class Origin(NamedTuple):
    """A server, as in an URL without path."""

    scheme: Literal["http", "https"]
    host: str
    port: int

    @property
    def is_ip(self) -> bool:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


def _address(value: object) -> Address:
    match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,6})", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected an IP address and a port, such as "127.0.0.1:8080"')
    host, port = match[1] or match[2], int(match[3])
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError('the host has to be an IP address; "0.0.0.0" stands for all of this machine') from None
    if not 0 < port < 2**16:
        raise ValueError("ports go from 1 to 65535")
    return Address(host, port)


def _own_address(value: object) -> Address:
    address = _address(value)
    if not address.loopback:
        raise ValueError("may only be a loopback address, such as 127.0.0.1:9901: it shows the configuration to anyone")
    return address


def _origin(value: object) -> Origin:
    wrong = 'expected the URL of a server, such as "https://example.com" or "http://127.0.0.1:9000"'
    if not isinstance(value, str):
        raise ValueError(wrong)  # noqa: TRY004  # pydantic collects ValueErrors
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port
    except ValueError:
        raise ValueError(wrong) from None
    if url.scheme not in ("http", "https") or not host or not re.fullmatch(r"[!-~]+", value):
        raise ValueError(wrong)
    if url.username is not None:
        raise ValueError("credentials have no place in the URL of a server")
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError("only a server, without a path: plugins and clients say which path is asked for")
    secure = url.scheme == "https"
    origin = Origin("https" if secure else "http", host, (443 if secure else 80) if port is None else port)
    if origin.port == 0 or not (origin.is_ip or re.fullmatch(r"[A-Za-z0-9._-]+", host)):
        raise ValueError(wrong)
    return origin


def _size(value: object) -> int:
    match = re.fullmatch(r"([0-9]{1,10}) ?(KiB|MiB|GiB|)", str(value)) if isinstance(value, int | str) else None
    if match is None or isinstance(value, bool):
        raise ValueError("expected a number of bytes, such as 1000000 or 32MiB")
    size = int(match[1]) * _UNITS[match[2]]
    if not 0 < size < 2**32:
        raise ValueError("must be at least one byte and less than 4GiB")
    return size


def _upstream(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


def _some(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    if not routes:
        raise ValueError("needs at least one entry")
    return routes


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("a path begins with /")
    if not re.fullmatch(r"[!-~]+", value) or "?" in value or "#" in value:
        raise ValueError("a path has no query, and everything but ASCII is written %XX in it, as clients do")
    return value


def _whole_path(value: str) -> str:
    return _matchable(value, normalized(value))


def _path_prefix(value: str) -> str:
    # What follows in a request belongs to its last segment: `/.` is the beginning of `/.well-known`.
    return _matchable(value, normalized(f"{value}x").removesuffix("x"))


def _matchable(value: str, as_compared: str) -> str:
    if value != as_compared:
        raise ValueError(
            f"matches no request, because paths are compared in their plain form; write {shown(as_compared)!r}"
        )
    return value


def _printable(value: str) -> str:
    if not value.isprintable() or len(value) > _LONGEST_NAME:
        raise ValueError(f"must have printable characters only, and at most {_LONGEST_NAME} of them")
    return value


def _host(value: str) -> str:
    if not re.fullmatch(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", value):
        raise ValueError('expected the name of a host without port, such as "example.com" or "*.example.com"')
    return value.lower()


def _file(value: object) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("expected the path of a file; it counts from the folder of this file")
    return Path(value)


Bytes = Annotated[int, PlainValidator(_size)]
Seconds = Annotated[float, Field(ge=0.001, le=366 * 86400, strict=False, allow_inf_nan=False)]
"""Envoy counts in milliseconds, and takes 0 for no limit."""
WatchdogSeconds = Annotated[float, Field(ge=1, le=3600, strict=False, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_printable)]
File = Annotated[Path, PlainValidator(_file)]
WholePath = Annotated[str, AfterValidator(_path), AfterValidator(_whole_path)]
PathPrefix = Annotated[str, AfterValidator(_path), AfterValidator(_path_prefix)]


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
    """What a client has to ask for. All that is given must hold."""

    path_prefix: PathPrefix = "/"
    path: WholePath | None = None
    """The whole path, without its query; goes before `path_prefix`."""
    host: Annotated[str, AfterValidator(_host)] | None = None
    """Lower case, without port. `*.example.com` stands for every host in that domain."""

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

    url: Annotated[Origin, PlainValidator(_origin)]
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
    """Of a request or response that a plugin wants to read as a whole; more is 413 or 500 from Envoy itself.

    As much as our own host allows plugins that set a limit themselves, so that theirs count and their errors are told.
    """
    idle: Seconds = 3600.0
    """A stream that moves in neither direction for so long is ended. There is no limit to its whole duration."""
    connect: Seconds = 10.0
    """Until an upstream is connected."""
    watchdog: WatchdogSeconds | None = None
    """That a callback of a plugin may take before Envoy ends itself, with all its streams. None: for ever."""


class Gateway(_Part):
    listen: Annotated[Address, PlainValidator(_address)]
    workers: Annotated[int, Field(ge=1, le=1024)] = 1
    """Threads; each has an instance of every plugin."""
    admin: Annotated[Address, PlainValidator(_own_address)] | None = None
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
