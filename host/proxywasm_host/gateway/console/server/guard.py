"""Which requests are answered: those that come to a name of this listener, from its own page, with the token.

A page of another origin that gets the browser to send a request here, also by a name that it lets resolve to this
machine, is refused by `host` and `origin`. Wrong tokens are answered late, and each is a line in the log.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable, Mapping
from typing import Final

from ...values import Address
from .http import ApiError
from .token import Token

_BEARER: Final = "bearer "
_FIRST_DELAY: Final = 0.25
_LONGEST_DELAY: Final = 5.0
_MEMORY: Final = 300.0
"""Seconds that wrong tokens count."""
_MOST_WAITING: Final = 16
"""Wrong tokens whose answers wait; more are refused at once."""


class Guard:
    """`log` gets a line for each refused request that shows somebody trying."""

    def __init__(self, token: Token, address: Address, hosts: tuple[str, ...], log: Callable[[str], None]) -> None:
        self._token = token
        self._hosts = {"localhost", address.host, *hosts}
        self._log = log
        self._waiting = 0
        self._wrong: list[float] = []

    def check_host(self, headers: Mapping[str, str], client: str) -> None:
        """Raises `ApiError`."""
        name = _name(headers.get(":authority", ""))
        if name not in self._hosts and not _is_loopback(name):
            self._log(f"a request of {client} was refused: its host is not one of the console's")
            raise ApiError(403, "foreign_origin", "this host is not one of the console's; `console.hosts` adds some")

    def check_origin(self, headers: Mapping[str, str], client: str) -> None:
        """Raises `ApiError`."""
        host, origin = headers.get(":authority", "").lower(), headers.get("origin")
        # A proxy in front may have TLS.
        own = origin is None or origin.lower() in (f"http://{host}", f"https://{host}")
        if not own or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            self._log(f"a request of {client} was refused: it comes from a page of another origin")
            raise ApiError(403, "foreign_origin", "only the console's own page may ask this")

    def has_token(self, headers: Mapping[str, str]) -> bool:
        return bool(presented := _presented(headers)) and self._token.matches(presented)

    async def check_token(self, headers: Mapping[str, str], client: str) -> None:
        """Raises `ApiError`, for a wrong token after some time."""
        if self.has_token(headers):
            return
        now = time.monotonic()
        if _presented(headers):
            self._wrong = [*(when for when in self._wrong[-_MOST_WAITING:] if when > now - _MEMORY), now]
            self._log(f"a wrong token from {client}")
            await self._wait(min(_FIRST_DELAY * 2 ** (len(self._wrong) - 1), _LONGEST_DELAY))
        raise ApiError(401, "wrong_token", "the token is missing or wrong", [("www-authenticate", "Bearer")])

    async def _wait(self, seconds: float) -> None:
        if self._waiting >= _MOST_WAITING:
            raise ApiError(429, "too_many", "too many wrong tokens; try again later")
        self._waiting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._waiting -= 1


def _presented(headers: Mapping[str, str]) -> str:
    given = headers.get("authorization", "")
    return given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else ""


def _name(authority: str) -> str:
    """A host without its port and brackets, in lower case."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
