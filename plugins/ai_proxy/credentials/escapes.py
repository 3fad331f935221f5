"""Removes escapes of ASCII characters (JSON, URLs, HTML) from a text, and maps positions back to the original.

Escapes may be nested, as in a JSON string that contains JSON: then backslashes are doubled, and `%` is `%25`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

_ESCAPE: Final = re.compile(
    rb"(\\{1,16}(?:u00[2-7][0-9A-Fa-f]|x[2-7][0-9A-Fa-f]|/)"
    rb"|%(?:25){0,4}[2-7][0-9A-Fa-f]"
    rb"|&(?:amp;){0,4}(?:#(?:[xX]0{0,5}[2-7][0-9A-Fa-f]|0{0,5}[0-9]{2,3})|quot|apos|amp|lt|gt);)"
)
"""An escaped printable ASCII character. Five nested JSON documents have sixteen backslashes."""

_OPEN: Final = re.compile(
    rb"(?:\\{1,16}(?:u(?:0(?:0[2-7]?)?)?|x[2-7]?)?"
    rb"|%(?:25){0,4}[2-7]?"
    rb"|&(?:amp;){0,4}(?:[a-z]{0,4}|#(?:[xX]0{0,5}[2-7]?[0-9A-Fa-f]?|[0-9]{0,8})))\Z"
)
"""An escape that may continue in the next piece of the text."""

SIGNS: Final = b"\\%&"
"""The bytes that escapes begin with."""

ALPHABET: Final = bytes({*SIGNS, *b"#;uxX0123456789abcdefABCDEFquotaposampltgt/"})
"""All bytes of escapes."""

LONGEST: Final = 32
"""The most bytes of an escape."""

_PASSES: Final = 4
"""The most nested escapes that are removed."""

_NAMED: Final = {b"quot": 0x22, b"apos": 0x27, b"amp": 0x26, b"lt": 0x3C, b"gt": 0x3E}


class Layer:
    """A text after its escapes were replaced, and the text before."""

    __slots__ = ("_cuts", "_pieces", "_shrinkage", "below", "text")

    def __init__(self, text: bytes, below: Layer | None = None, pieces: list[bytes] | None = None) -> None:
        self.text = text
        self.below = below
        self._pieces = pieces
        """The text before, split into parts without and with escapes, in turn."""
        self._cuts: list[int] = []
        self._shrinkage: list[int] = []

    def origin(self, at: int) -> int:
        """The position in the original text of a position in this one, which may be its end."""
        layer = self
        while layer.below is not None:
            if not layer._shrinkage:
                layer._measure()
            at += layer._shrinkage[bisect_left(layer._cuts, at)]
            layer = layer.below
        return at

    def _measure(self) -> None:
        """Compute the position of each escape in this text, and how much longer the text before is up to it."""
        pieces = self._pieces
        assert pieces is not None
        # An escape is one byte here: before the n-th there are n parts without escapes and n - 1 escapes.
        lengths = accumulate(map(len, pieces[:-1:2]))
        self._cuts = [length + number for number, length in enumerate(lengths)]
        self._shrinkage = [0, *accumulate(len(escape) - 1 for escape in pieces[1::2])]


def layers(text: bytes) -> Iterator[Layer]:
    """The text, the text without its escapes, then without the escapes that this has revealed, and so on."""
    layer = Layer(text)
    yield layer
    for _ in range(_PASSES):
        pieces = _ESCAPE.split(layer.text)
        if len(pieces) == 1:
            return
        plain = pieces.copy()
        known = _Known()
        plain[1::2] = [known[escape] for escape in pieces[1::2]]
        layer = Layer(b"".join(plain), layer, pieces)
        yield layer


def open_end(text: bytes) -> int:
    """The beginning of an escape that the end of the text may have cut; the length of the text if there is none."""
    found = _OPEN.search(text, max(len(text) - LONGEST, 0))
    return len(text) if found is None else found.start()


class _Known(dict[bytes, bytes]):
    """Caches the characters of escapes, for one text only: otherwise clients could fill the memory."""

    def __missing__(self, escape: bytes) -> bytes:
        self[escape] = meaning = bytes((_meaning(escape),))
        return meaning


def _meaning(escape: bytes) -> int:
    if escape.startswith(b"&"):
        name = escape[:-1].rpartition(b";")[2].rpartition(b"&")[2]
        if name in _NAMED:
            return _NAMED[name]
        digits = name[1:]
        number = int(digits[1:], 16) if digits[:1] in {b"x", b"X"} else int(digits)
        return number if number < 0x80 else 0x3F  # Not ASCII: any character that credentials do not have.
    return 0x2F if escape.endswith(b"/") else int(escape[-2:], 16)
