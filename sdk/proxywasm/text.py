r"""Replace text that is not Unicode, or not UTF-8, between a plugin and its host, alike in every host.

A Python `str` can hold lone surrogates, which no encoding has. They come from JSON (`"\ud83d"`, half an emoji), from
text that was cut, and from header bytes that are not UTF-8: a plugin sees each of those as one of U+DC80 to U+DCFF, as
Python does with file names (PEP 383).

- Header values: U+DC80 to U+DCFF are the bytes that they stand for; any other lone surrogate is spelled out, as the six
  characters `\ud800`. See `header_text`.
- Everything else is always valid Unicode: all lone surrogates are spelled out. See `spell_out`.
"""

from __future__ import annotations

import re
from typing import Final

_NO_BYTE: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Lone surrogates that do not represent a byte."""


def spell_out(text: str) -> str:
    r"""Text for logs, names, and bodies: valid Unicode. In JSON it says the same as before.

    >>> print(spell_out("half an emoji: \ud83d"))
    half an emoji: \ud83d
    """
    if type(text) is not str:
        text = str.__str__(text)  # a subclass may have overridden its methods
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def encode(text: str) -> bytes:
    r"""The bytes of `spell_out`."""
    if type(text) is not str:
        text = str.__str__(text)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")


def header_text(text: str) -> str:
    r"""A header value as the other side will see it.

    >>> header_text("\ud800") == r"\ud800", header_text("caf\udce9") == "caf\udce9"
    (True, True)
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return to_text(to_bytes(text))
    return text


def to_bytes(text: str) -> bytes:
    r"""The bytes of a header value.

    >>> to_bytes(to_text(b"caf\xe9")), to_bytes("\ud800")
    (b'caf\xe9', b'\\ud800')
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Not with `backslashreplace`: that would spell out the bytes as well.
        return _NO_BYTE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """Header bytes as plugins see them: those that are not UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")
