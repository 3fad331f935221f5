"""Writes the events of a stream: their numbers, and texts that grow."""

from __future__ import annotations

from typing import Final

from ...wire import limits
from ...wire.errors import bad_upstream
from ...wire.json import Json, dumps, quote


class Events:
    """The events of one stream. Each has the next number."""

    __slots__ = ("_kept", "_number", "_out")

    def __init__(self) -> None:
        self._number = 0
        self._out: list[str] = []
        self._kept = 0

    def write(self, kind: str, fields: Json) -> None:
        self.write_text(kind, dumps({"type": kind, **fields}))

    def write_text(self, kind: str, document: str) -> None:
        """`document`: the event without its number, as JSON text."""
        self._out.append(f'event: {kind}\ndata: {document[:-1]},"sequence_number":{self._number}}}\n\n')
        self._number += 1

    def delta(self, head: str, text: str, tail: str) -> None:
        """An event with a piece of text between the two."""
        self.keep(text)
        self._out.append(f'{head}{quote(text)}{tail},"sequence_number":{self._number}}}\n\n')
        self._number += 1

    def keep(self, text: str) -> None:
        """Raises `ApiError` if the last events, which repeat all text, become too large."""
        self._kept += len(text)
        if self._kept > limits.HELD_TEXT:
            raise bad_upstream(f"the upstream's answer has more than {limits.HELD_TEXT} characters")

    def take(self) -> str:
        if not self._out:
            return ""
        text = "".join(self._out)
        self._out = []
        return text


class NoEvents(Events):
    """For whole answers."""

    __slots__ = ()

    def write(self, kind: str, fields: Json) -> None:
        pass

    def write_text(self, kind: str, document: str) -> None:
        pass

    def delta(self, head: str, text: str, tail: str) -> None:
        pass

    def keep(self, text: str) -> None:
        pass


_NO_LOGPROBS: Final = ',"logprobs":[]'


class Text:
    """A text that grows, with an event for each piece."""

    __slots__ = ("_events", "_head", "_pieces", "_tail", "logprobs")

    def __init__(self, events: Events, kind: str, place: Json, *, with_logprobs: bool = False) -> None:
        """`place`: where the text belongs in the response, as its events say it."""
        self._events = events
        self._head = f'event: {kind}\ndata: {dumps({"type": kind, **place})[:-1]},"delta":'
        self._tail = _NO_LOGPROBS if with_logprobs else ""
        self._pieces: list[str] = []
        self.logprobs: list[Json] = []

    def add(self, text: str, logprobs: list[Json] | None = None) -> None:
        tail = self._tail
        if logprobs:
            self.logprobs += logprobs
            tail = f',"logprobs":{dumps(logprobs)}'
        self._pieces.append(text)
        self._events.delta(self._head, text, tail)

    def whole(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""
