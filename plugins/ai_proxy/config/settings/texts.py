"""Patterns and conversions that several keys have in common."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

from proxywasm.config import Invalid, Pattern

HOST: Final = (
    Pattern(r"[/\s@]", "must be a host, or host:port, without scheme, path and credentials", forbidden=True),
)

TOKEN: Final = (
    Pattern(r"\S", "must not be empty"),
    # A line break at the end of a token is a frequent slip of secret files; it cannot stand in a header.
    Pattern(r"[\u0000-\u001f\u007f]", "must not contain control characters", forbidden=True),
)

UPSTREAM_PATH: Final = (Pattern("^/", "must begin with /, as the path that it is"),)


def url(value: str) -> SplitResult:
    """Parse an address; the default scheme is https. Errors do not quote it, because it may contain credentials."""
    try:
        found = urlsplit(value if "://" in value else f"https://{value}")
        port = found.port
    except ValueError:
        raise Invalid("must be an address such as https://host:8443/path") from None
    if not found.hostname or port == 0:
        raise Invalid("must be an address such as https://host:8443/path; there is no host in it")
    return found


def host_of_url(value: str) -> str:
    """The host and port of an address."""
    return url(value).netloc.rpartition("@")[2]
