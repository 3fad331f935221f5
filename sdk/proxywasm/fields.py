"""Validate header fields (RFC 9110, 5), for plugins and for hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from .text import header_text

REQUEST_PSEUDO: Final = frozenset({":method", ":path", ":scheme", ":authority"})
RESPONSE_PSEUDO: Final = frozenset({":status"})
"""Pseudo-headers that a plugin may set where they are."""

_is_token: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_control: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_is_visible: Final = re.compile(r"[^\x00-\x20\x7f]+").fullmatch

PSEUDO_VALUES: Final[dict[str, tuple[Callable[[str], object], str]]] = {
    ":method": (_is_token, "a token such as POST"),
    ":path": (_is_visible, "without spaces and control characters, and not empty"),
    ":scheme": (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*").fullmatch, "a scheme such as https"),
    ":authority": (re.compile(r"[^\x00-\x20\x7f/?#]+").fullmatch, "a host, or a host and a port"),
    ":status": (re.compile(r"101|[2-5][0-9][0-9]").fullmatch, "three digits, from 200 to 599, or 101"),
}
"""For each pseudo-header: the check of its value, and the requirement for error messages."""


def is_name(name: str) -> bool:
    """Whether this is the name of a header field, in any case; pseudo-headers have no such names."""
    return _is_token(name) is not None


def breaks(value: str) -> bool:
    """Whether this cannot be the value of a header field: a line break would smuggle in another (RFC 9110, 5.5).

    Envoy refuses messages with other control characters, too.
    """
    return not value.isprintable() and _control(value) is not None


def check(name: str, value: str, pseudo: Collection[str] = ()) -> str:
    """The value as it will be sent. Raises `TypeError` or `ValueError` for what cannot be sent.

    `pseudo` are the pseudo-headers that may be set here.
    """
    if type(name) is not str or type(value) is not str:
        if not isinstance(name, str) or not isinstance(value, str):
            wrong = value if isinstance(name, str) else name
            raise TypeError(f"header {name!r}: name and value must be str, got {type(wrong).__name__}")
        name, value = str.__str__(name), str.__str__(value)
    if name.startswith(":"):
        check_pseudo(name, value, pseudo)
    elif not is_name(name):
        # In ASCII: which characters `repr` shows as they are depends on the Unicode version of each Python.
        raise ValueError(f"{name!a} is not a header name")
    elif breaks(value):
        raise ValueError(f"header {name!r}: a value cannot contain NUL, CR or LF, nor other control characters")
    return header_text(value)


def check_pseudo(name: str, value: str, pseudo: Collection[str]) -> None:
    """Raises `ValueError` if this pseudo-header is not one of `pseudo`, or cannot have the value."""
    if name.lower() not in pseudo:
        allowed = f"only {', '.join(sorted(pseudo))} can" if pseudo else "pseudo-headers cannot"
        raise ValueError(f"header {name!a} cannot be set: {allowed} be set here")
    fits, expected = PSEUDO_VALUES[name.lower()]
    # The value is not shown: some services want their key in the query.
    if not fits(value):
        raise ValueError(f"header {name!r}: the value must be {expected}")
