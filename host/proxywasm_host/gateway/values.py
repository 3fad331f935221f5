"""Values in a gateway file: their notation and validation."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator

from ..reading import shown
from .paths import normalized

_UNITS: Final = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_LONGEST_NAME: Final = 255


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


def check_origin(value: str) -> str | None:
    """What is wrong with the URL of a server, if anything is."""
    try:
        _origin(value)
    except ValueError as error:
        return str(error)
    return None


class CollectorUrl(NamedTuple):
    """Where spans go."""

    origin: Origin
    path: str

    @property
    def server(self) -> str:
        host = f"[{self.origin.host}]" if ":" in self.origin.host else self.origin.host
        return f"{self.origin.scheme}://{host}:{self.origin.port}"

    def __str__(self) -> str:
        return self.server + self.path


def _collector(value: object) -> CollectorUrl:
    match = re.fullmatch(r"(https?://[^/?#]+)(/[!-~]*)", value) if isinstance(value, str) else None
    if match is None or "?" in match[2] or "#" in match[2]:
        raise ValueError('expected the URL of a collector with its path, such as "http://127.0.0.1:4318/v1/traces"')
    origin = _origin(match[1])
    if origin.scheme == "https" and origin.is_ip:
        raise ValueError("an IP address has no certificate of its own; give the name of the collector's host")
    return CollectorUrl(origin, match[2])


def _size(value: object) -> int:
    match = re.fullmatch(r"([0-9]{1,10}) ?(KiB|MiB|GiB|)", str(value)) if isinstance(value, int | str) else None
    if match is None or isinstance(value, bool):
        raise ValueError("expected a number of bytes, such as 1000000 or 32MiB")
    size = int(match[1]) * _UNITS[match[2]]
    if not 0 < size < 2**32:
        raise ValueError("must be at least one byte and less than 4GiB")
    return size


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


def _page_origin(value: str) -> str:
    if value != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://(\*\.)?[A-Za-z0-9._-]+(:[0-9]{1,5})?", value):
        raise ValueError('expected an origin, such as "https://chat.example.com", "https://*.example.com" or "*"')
    return value if value == "*" else value.lower()


def _token(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", value):
        raise ValueError("expected a name as HTTP has them: letters, digits and hyphens")
    return value


def _variable(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("expected the name of a variable of the environment, such as CONSOLE_TOKEN")
    return value


def _file(value: object) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("expected the path of a file; it counts from the folder of this file")
    return Path(value)


Bytes = Annotated[int, PlainValidator(_size)]
HeaderBytes = Annotated[int, PlainValidator(_size), Field(ge=1024, le=8 * 2**20)]
"""As much as Envoy allows."""
Seconds = Annotated[float, Field(ge=0.001, le=366 * 86400, strict=False, allow_inf_nan=False)]
"""Envoy counts in milliseconds, and takes 0 for no limit."""
WatchdogSeconds = Annotated[float, Field(ge=1, le=3600, strict=False, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_printable)]
File = Annotated[Path, PlainValidator(_file)]
WholePath = Annotated[str, AfterValidator(_path), AfterValidator(_whole_path)]
PathPrefix = Annotated[str, AfterValidator(_path), AfterValidator(_path_prefix)]
PageOrigin = Annotated[str, AfterValidator(_page_origin)]
Method = Annotated[str, AfterValidator(_token), AfterValidator(str.upper)]
FieldName = Annotated[str, AfterValidator(_token), AfterValidator(str.lower)]
VariableName = Annotated[str, AfterValidator(_variable)]
HostName = Annotated[str, AfterValidator(_host)]
Collector = Annotated[CollectorUrl, PlainValidator(_collector)]
Server = Annotated[Origin, PlainValidator(_origin)]
ListenAddress = Annotated[Address, PlainValidator(_address)]
AdminAddress = Annotated[Address, PlainValidator(_own_address)]
