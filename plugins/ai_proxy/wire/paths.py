"""Text from outside in the path of a request: one function makes a segment of it, another checks a path that is kept.

A client names models and files, and their names stand in the paths of many services, beside the operator's credential.
A name must stay one segment there: `..` would lead to another API, `?` would begin a query.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from .errors import ApiError

LONGEST: Final = 2048
"""Characters of a name that stands in a path; the longest that a service documents is that of an ARN at AWS."""

_PLAIN: Final = re.compile(rf"(?!\.\.?\Z)[A-Za-z0-9._~-]{{1,{LONGEST}}}")
"""Nearly all names: nothing in them to escape or to refuse."""

# Servers and proxies differ in how often they decode a path, and in what separates and ends a segment: some take a
# backslash for a slash, and some leave out what follows a semicolon, a NUL or white space.
_PERCENT: Final = "%(?:25)*"
_BORDER: Final = rf"[/\\]|{_PERCENT}(?:2f|5c)"
_END: Final = rf"[\s;\x00-\x20]|{_PERCENT}(?:3b|[01][0-9a-f]|20|7f)"
_DOTS: Final = re.compile(rf"(?:^|{_BORDER})(?:\.|{_PERCENT}2e){{1,2}}(?:\Z|{_BORDER}|{_END})", re.IGNORECASE)

_QUERY: Final = re.compile(r"(?<=\S)\?\S+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED_CONTROL: Final = re.compile(r"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)


def segment(text: str, name: str, *, safe: str = "") -> str:
    """`text` as one segment of a path: all but RFC 3986's unreserved characters and `safe` is escaped, slashes too.

    `name` is the parameter that an error is about. Raises `ApiError` for what a service could take for more, less or
    something other than a segment.
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
    """Whether a client's path can be kept, which nobody escapes or takes apart. Raises `ApiError`."""
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
    """A text as a log may have it, without the queries of paths and addresses in it: clients put their keys into
    queries, and signatures into those of files.
    """
    return _QUERY.sub("?...", text)


def _refused(name: str, why: str) -> ApiError:
    return ApiError(400, f"{name} {why}", param=name)
