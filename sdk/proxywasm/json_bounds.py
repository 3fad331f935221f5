"""How much a JSON text may hold, found out before it is parsed.

A text of a megabyte can hold half a million values or nest a million levels deep. The first takes a callback longer
than it may, the second costs a Wasm instance its stack. Both are counted here on bytes, without recursion, in time and
memory proportional to the size of the text.
"""

from __future__ import annotations

from typing import Final, NamedTuple

CONTAINER: Final = 10
"""An object or array counts as so many values: code that walks a document works per object, not per number."""

_OTHERS: Final = bytes({*range(256)} - {*b"[]{}"})
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_OPENING: Final = ord("[")
_PASSES: Final = 12
"""As deep as real documents go, and more."""


class JsonTooComplexError(ValueError):
    """A JSON text has more values, or is nested more deeply, than is allowed."""


class JsonBounds(NamedTuple):
    """What a JSON text may hold.

    What stands in strings does not count, so long texts and images have no influence. Of a text that is not JSON, the
    part that is counted correctly reaches as far as a parser gets.
    """

    values: int = 500_000
    """Values, all of the document together; an object or array counts as ten."""
    depth: int = 256
    """Objects and arrays within each other. A schema in a schema takes ten."""

    @property
    def harmless(self) -> int:
        """So many bytes cannot have too many values, however they are spent."""
        return self.values // CONTAINER

    def check(self, *texts: bytes) -> None:
        """Raises `JsonTooComplexError` if one text is nested too deeply, or if all of them have too many values."""
        # Commas and brackets in strings may be all there is: long texts have many. But to look for them costs less.
        weighs = sum(map(_weight, texts)) > self.values
        total = 0
        for text in texts:
            nested = text.count(b"[") + text.count(b"{") > self.depth
            if not nested and not weighs:
                continue
            outside = self._outside_strings(text)
            total += _weight(outside)
            if total > self.values:
                raise JsonTooComplexError(f"more than {self.values} values")
            if nested and _is_deeper(outside, self.depth):
                raise JsonTooComplexError(f"nested more than {self.depth} deep")

    def _outside_strings(self, data: bytes) -> bytes:
        if b"\\" in data:
            data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
        # A value has at most two strings, its name and itself. More pieces would take more memory than the text.
        if data.count(b'"') > 4 * self.values:
            raise JsonTooComplexError(f"more than {self.values} values")
        return b"".join(data.split(b'"')[::2])


def _weight(text: bytes) -> int:
    return text.count(b",") + CONTAINER * (text.count(b"[") + text.count(b"{"))


def _is_deeper(outside: bytes, depth: int) -> bool:
    """Each pass drops the innermost pairs of brackets, and with them one level at most."""
    brackets = outside.translate(_SQUARE, _OTHERS)
    for passes in range(_PASSES):
        if brackets.count(b"[") + passes <= depth:
            return False
        brackets = brackets.replace(b"[]", b"")
    level = _PASSES
    for bracket in brackets:
        level += 1 if bracket == _OPENING else -1
        if level > depth:
            return True
    return False
