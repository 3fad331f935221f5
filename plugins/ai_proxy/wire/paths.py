"""Text from clients in paths: `segment` escapes a name as one segment, `check` validates a path that is kept.

Clients choose the names of models and files, which many services have in their paths. A name must stay one segment:
`..` would lead to another API, with the operator's credential, and `?` would begin a query.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from .errors import ApiError

LONGEST: Final = 2048
"""The most characters of a name in a path. The longest names that a service documents are ARNs of AWS."""

_PLAIN: Final = re.compile(rf"(?!\.\.?\Z)[A-Za-z0-9._~-]{{1,{LONGEST}}}")
"""Nearly all names; they need no escape."""

# Servers and proxies differ in how often they decode a path and in where a segment ends: some read a backslash as a
# slash, and some ignore what follows a semicolon, a NUL or white space.
_PERCENT: Final = "%(?:25)*"
_BORDER: Final = rf"[/\\]|{_PERCENT}(?:2f|5c)"
_END: Final = rf"[\s;\x00-\x20]|{_PERCENT}(?:3b|[01][0-9a-f]|20|7f)"
_DOTS: Final = re.compile(rf"(?:^|{_BORDER})(?:\.|{_PERCENT}2e){{1,2}}(?:\Z|{_BORDER}|{_END})", re.IGNORECASE)

_QUERY: Final = re.compile(r"(?<=\S)\?\S+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED_CONTROL: Final = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)


def segment(text: str, name: str, *, safe: str = "") -> str:
    """`text` as one segment of a path: escapes all characters, also slashes, except `safe` and RFC 3986's unreserved
    ones.

    `name` is the parameter that errors mention. Raises `ApiError` for texts that a service could read as anything but
    one segment.
    """
    if _PLAIN.fullmatch(text):
        return text
    if not text:
        raise _refused(name, "must not be empty")
    if len(text) > LONGEST:
        raise _refused(name, f"must not be longer than {LONGEST} characters")
    if _CONTROL.search(text):
        raise _refused(name, "must not contain control characters")
    if _DOTS.search(text):
        raise _refused(name, "must not contain . or .. as a part of a path")
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise _refused(name, "must be Unicode text") from None


def check(path: str) -> None:
    """Raises `ApiError` for a client's path that must not be sent upstream unchanged."""
    if path.isascii() and "." not in path and "%" not in path:
        return
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ApiError(400, "the path must be Unicode text", code="invalid_path") from None
    path = path.partition("?")[0]
    if _DOTS.search(path) or _ESCAPED_CONTROL.search(path):
        raise ApiError(400, "the path must not have segments . and .. or control characters", code="invalid_path")


def shown(text: str) -> str:
    """A text for the log, without the queries of its paths and addresses: they may contain keys and signatures."""
    return _QUERY.sub("?...", text)


def _refused(name: str, why: str) -> ApiError:
    return ApiError(400, f"{name} {why}", param=name)
