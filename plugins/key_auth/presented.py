"""The keys that a request presents, and how they are removed from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote_plus

from proxywasm import HttpContext

AUTHORIZATION: Final = "authorization"
_ALSO_CLEANED: Final = ("authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key")
"""Headers that are removed if they have a consumer's key, also where the plugin does not look for keys there."""


def without_bearer(value: str) -> str:
    """The token of `Bearer TOKEN`; any other value as it is."""
    scheme, _, token = value.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else value.strip()


class Sources:
    """Where keys are looked for."""

    __slots__ = ("_cleaned", "headers", "parameters")

    def __init__(self, names: Sequence[str], *, in_header: bool, in_query: bool) -> None:
        self.headers: Final = tuple(dict.fromkeys(name.lower() for name in names)) if in_header else ()
        self.parameters: Final = frozenset(names) if in_query else frozenset()
        self._cleaned: Final = tuple(name for name in _ALSO_CLEANED if name not in self.headers)

    def keys(self, ctx: HttpContext) -> list[str]:
        """The different keys of a request, without empty ones."""
        headers = ctx.request_headers
        first = headers.first
        found: list[str] = []
        for name in self.headers:
            if name in first:
                for value in headers.get_all(name):
                    key = without_bearer(value) if name == AUTHORIZATION else value.strip()
                    if key and key not in found:
                        found.append(key)
        if self.parameters and "?" in first[":path"]:
            for key in _values(first[":path"], self.parameters):
                if key and key not in found:
                    found.append(key)
        return found

    def remove(self, ctx: HttpContext, key: str) -> None:
        """Remove the consumer's key from the request."""
        headers = ctx.request_headers
        first = headers.first
        for name in self.headers:
            if name in first:
                headers.discard(name)
        for name in self._cleaned:
            if name in first and any(key in value for value in headers.get_all(name)):
                headers.discard(name)
        if self.parameters and "?" in first[":path"]:
            shorter = _without(first[":path"], self.parameters)
            if shorter != first[":path"]:
                headers[":path"] = shorter


def _pairs(query: str) -> Iterator[tuple[str, str, str]]:
    """Each parameter as it is written, its name and its value."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield pair, unquote_plus(name), value


def _values(path: str, names: Iterable[str]) -> Iterator[str]:
    for _, name, value in _pairs(path.partition("?")[2]):
        if name in names:
            yield unquote_plus(value).strip()


def _without(path: str, names: Iterable[str]) -> str:
    """The path without these parameters; everything else of it stays as it is written."""
    plain, _, query = path.partition("?")
    kept = [pair for pair, name, _ in _pairs(query) if name not in names]
    return f"{plain}?{'&'.join(kept)}" if kept else plain
