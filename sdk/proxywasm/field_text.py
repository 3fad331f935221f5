"""Header fields and edits as one text: the form in which they cross between a plugin and its host."""

from __future__ import annotations

from itertools import chain

from .text import to_bytes, to_text
from .wire import Fields


def join_fields(fields: Fields) -> str:
    """Pairs as one text. Raises `ValueError` for a field with NUL.

    >>> join_fields([("a", "1"), ("b", "")])
    'a\\x001\\x00b\\x00'
    """
    text = "\0".join(chain.from_iterable(fields))
    if fields and text.count("\0") != 2 * len(fields) - 1:
        raise ValueError("a header field cannot contain NUL")
    return text


def split_fields(text: str) -> Fields:
    """The pairs of such a text. Raises `ValueError` for half a pair.

    >>> split_fields("a\\x001\\x00b\\x00")
    [('a', '1'), ('b', '')]
    """
    if not text:
        return []
    parts = text.split("\0")
    if len(parts) % 2:
        raise ValueError("a header field without a value")
    return list(zip(parts[::2], parts[1::2], strict=True))


def as_unicode(text: str) -> str:
    """Fields or edits, joined by NUL, as the WIT types `fields` and `field-edits`, which are valid Unicode.

    >>> as_unicode("a\\0caf\\udce9") == "\\0a\\0caf\\xe9"
    True
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0" + to_bytes(text).decode("latin-1")
    return text


def with_bytes(text: str) -> str:
    """The text for such fields or edits: the reverse of `as_unicode`."""
    return to_text(text[1:].encode("latin-1")) if text[:1] == "\0" else text
