"""Mask the credentials of a stream's client in tracebacks, whatever an exception says.

They are looked for when a stream has failed, so that they cost other streams nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl

from ..field_text import split_fields
from ..wire import Fields

SHORTEST: Final = 8
"""Characters. Shorter texts occur inside ordinary words."""
MASK: Final = "***"
_MOST: Final = 200
"""Texts that are looked for. A client decides how many there are, and each is a search."""

_has_credentials: Final = re.compile(
    "assertion|auth|cert|consumer|cookie|credential|csrf|jwt|key|oidc|pass|principal|secret|session|signature|token"
    "|websocket-protocol|xsrf"
).search
"""Whether header fields or parameters of this name say who the client is. Browsers give keys as WebSocket protocols."""
_separators: Final = re.compile(r"[\s,;]+")


class TooManyError(Exception):
    """There are more credentials than can be looked for."""


def mask(text: str, fields: Iterable[tuple[str, str]]) -> str:
    """The text without credentials of these header fields: whole values, the words in them, values of cookies and of
    the query. Raises `TooManyError`.
    """
    found = {part for part in _parts(fields) if len(part) >= SHORTEST}
    if len(found) > _MOST:
        raise TooManyError
    for part in sorted(found, key=len, reverse=True):
        text = text.replace(part, MASK)
    return text


def _parts(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in fields:
        if name == ":path":
            yield from _of_query(value.partition("?")[2])
        elif not name.startswith(":") and _has_credentials(name):
            yield value
            for word in _separators.split(value):
                yield word
                yield word.partition("=")[2]


def _of_query(query: str) -> Iterator[str]:
    pairs = [pair.partition("=") for pair in query.split("&")]
    for name, value in [(name, value) for name, _, value in pairs] + parse_qsl(query):
        if _has_credentials(name.lower()):
            yield value


def of_client(arrived: Fields | str) -> Fields:
    """Header fields as they arrived, whatever the plugin has done to them since."""
    return split_fields(arrived) if isinstance(arrived, str) else arrived
