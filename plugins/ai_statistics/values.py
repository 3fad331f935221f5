"""Further values of a request and its answer, as the configuration asks for them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from proxywasm import JsonBounds, SSEDecoder, SSEError

from .configuration import Attribute

LONGEST: Final = 4000
"""Characters of a value; the rest of a longer text is left out."""
LARGEST: Final = 4 * 2**20
"""Bytes of a body that is read."""
_BOUNDS: Final = JsonBounds()
_REVERSE: Final = "@reverse"


class Body:
    """A body that is collected to be read at its end; nothing of one that is too large."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= LARGEST:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def parsed(body: bytes) -> Any:
    """A body as JSON; None if it is none, or has too much in it."""
    try:
        _BOUNDS.check(body)
        return json.loads(body)
    except ValueError:
        return None


def at(document: Any, path: str) -> Any:
    """The value at a path; None if there is none."""
    for key in path.split("."):
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key == _REVERSE:
            document = document[::-1]
        elif isinstance(document, list) and key.isdecimal() and len(key) < 10 and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


class Collected:
    """The values of one stream."""

    __slots__ = ("_decoder", "values")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._decoder: SSEDecoder | None = SSEDecoder()

    def put(self, attribute: Attribute, value: Any) -> None:
        if value is not None and value != "":
            self.values[attribute.key] = value[:LONGEST] if isinstance(value, str) else value

    def read(self, attributes: Iterable[Attribute], body: bytes) -> None:
        """From a whole body."""
        document = parsed(body)
        for attribute in attributes:
            self.put(attribute, at(document, str(attribute.value)))

    def feed(self, attributes: Iterable[Attribute], chunk: bytes, *, last: bool) -> None:
        """From a part of a stream of events. Reading ends at an event that is too large."""
        if self._decoder is None:
            return
        try:
            events = self._decoder.feed(chunk)
            if last:
                events += self._decoder.close()
        except SSEError:
            self._decoder = None
            return
        for event in events:
            document = parsed(event.data.encode(errors="replace"))
            if document is not None:
                for attribute in attributes:
                    self._add(attribute, at(document, str(attribute.value)))

    def _add(self, attribute: Attribute, value: Any) -> None:
        before = self.values.get(attribute.key)
        if attribute.rule == "append" and isinstance(value, str) and isinstance(before, str):
            self.put(attribute, before + value if len(before) < LONGEST else before)
        elif attribute.rule != "first" or before is None:
            self.put(attribute, value)
