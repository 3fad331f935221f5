"""Reads the input of a custom tool, a text, out of the arguments of a function call: `{"input": "..."}`."""

from __future__ import annotations

import re
from typing import Final

from ...wire import lenient
from ...wire.json import dumps, loads, scan_string

INPUT: Final = "input"

_START: Final = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_LONGEST_START: Final = 256
# A part of a JSON string that can be decoded by itself.
_WHOLE: Final = re.compile(r'[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\]*)*')
# The first escape of a surrogate pair, at the end of the text and not behind another backslash.
_HALF_PAIR: Final = re.compile(r"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})\Z")
_UNFINISHED: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")


def arguments(text: object) -> str:
    """The arguments for this input."""
    return dumps({INPUT: lenient.json_text(text)})


class CustomInput:
    """Decodes the arguments as they arrive. Models do not always keep to JSON: an invalid escape is taken literally,
    and arguments of another form are the input themselves, at their end.
    """

    __slots__ = ("_inside", "_other", "_pending", "ended")

    def __init__(self) -> None:
        self.ended = False
        """The input is complete."""
        self._pending = ""
        self._inside = False
        self._other: list[str] | None = None
        """The arguments, if they do not begin as expected."""

    def feed(self, text: str) -> str:
        """The next piece of the input."""
        if self.ended:
            return ""
        if self._other is not None:
            self._other.append(text)
            return ""
        self._pending += text
        if not self._inside and not self._begins():
            return ""
        return self._decoded()

    def finish(self) -> str:
        """The rest of the input."""
        if self._inside:
            return ""
        given = "".join(self._other or [self._pending])
        self.ended = True
        return _input_of(given)

    def _begins(self) -> bool:
        if start := _START.match(self._pending):
            self._inside = True
            self._pending = self._pending[start.end() :]
        elif len(self._pending) > _LONGEST_START:
            self._other = [self._pending]
        return self._inside

    def _decoded(self) -> str:
        text, place, pieces = self._pending, 0, []
        while True:
            match = _WHOLE.match(text, place)
            end = match.end() if match else place
            rest = text[end : end + 6]
            waits = not rest or _UNFINISHED.match(rest) is not None
            if waits and (half := _HALF_PAIR.search(text, place, end)):
                end = half.start(1)
            pieces.append(scan_string(f'{text[place:end]}"', 0, False)[0])
            if waits:
                break
            if rest[0] == '"':
                self.ended = True
                end = len(text)
                break
            # A backslash that begins no escape of JSON.
            pieces.append(rest[:2])
            place = end + 2
        self._pending = text[end:]
        return "".join(pieces)


def _input_of(given: str) -> str:
    try:
        value = loads(given)
    except ValueError:
        return given
    if isinstance(value, dict):
        if isinstance(value.get(INPUT), str):
            return str(value[INPUT])
        texts = [one for one in value.values() if isinstance(one, str)]
        if len(value) == 1 and texts:
            return texts[0]
        return given if value else ""
    return value if isinstance(value, str) else given
