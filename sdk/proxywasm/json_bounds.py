"""Check before parsing how much a JSON text contains.

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
_ZEROS: Final = bytes.maketrans(b"123456789", b"0" * 9)
_OPENING: Final = ord("[")
_STEP: Final = 10
_PASSES: Final = 12
"""More than the depth of real documents."""


class JsonTooComplexError(ValueError):
    """A JSON text has more values, deeper nesting or longer numbers than is allowed."""


class JsonBounds(NamedTuple):
    """How much a JSON text may contain.

    The contents of strings do not count, so long texts and images have no influence. In a text that is not JSON, the
    counts are right up to the place where a parser stops.
    """

    values: int = 500_000
    """Values, all of the document together; an object or array counts as ten."""
    depth: int = 256
    """Objects and arrays within each other. A schema in a schema takes ten."""
    digits: int = 100
    """Digits in a row in a number. Python takes time that grows with their square."""

    @property
    def harmless(self) -> int:
        """A text of so few bytes cannot have too many values."""
        return self.values // CONTAINER

    def check(self, *texts: bytes) -> None:
        """Raises `JsonTooComplexError` for a text that is too complex, or if all of them together have too many values.

        Small texts are not searched for long numbers: they cannot contain enough of them to take long.
        """
        # This also counts what is in strings, and long texts have many commas. But it is cheap, and mostly enough.
        opened = [text.count(b"[") + text.count(b"{") for text in texts]
        weighs = sum(text.count(b",") for text in texts) + CONTAINER * sum(opened) > self.values
        run = b"0" * (self.digits + 1)
        total = 0
        for text, brackets in zip(texts, opened, strict=True):
            nested = brackets > self.depth
            numbers = len(text) > self.harmless and self._may_have_long_numbers(text) and run in text.translate(_ZEROS)
            if not nested and not weighs and not numbers:
                continue
            outside = self._outside_strings(text)
            total += _weight(outside)
            if total > self.values:
                raise JsonTooComplexError(f"more than {self.values} values")
            if nested and _is_deeper(outside, self.depth):
                raise JsonTooComplexError(f"nested more than {self.depth} deep")
            if numbers and run in outside.translate(_ZEROS):
                raise JsonTooComplexError(f"a number of more than {self.digits} digits")

    def _may_have_long_numbers(self, text: bytes) -> bool:
        """Look at one byte in ten: a long run of digits is a shorter run there."""
        return b"0" * ((self.digits + 1) // _STEP) in text[::_STEP].translate(_ZEROS)

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
