"""Server-sent events (WHATWG HTML, 9.2): bytes in, events out, whatever the chunking.

Framing works on bytes, and each event is decoded as a whole: so a character may be cut by the border of a chunk, and
U+2028 or U+0085 inside a value are not mistaken for line ends.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

from .text import encode

MAX_EVENT = 16 * 1024 * 1024
"""Default limit in bytes for one event: an endless line must not fill the memory."""


class Event(NamedTuple):
    """One event. `event` and `id` are empty when the stream did not give them."""

    data: str
    event: str = ""
    id: str = ""


class SSEError(ValueError):
    """An event exceeds the limit."""


class SSEDecoder:
    """Decodes bytes in any chunks: `feed` returns the events that a chunk completes, `close` the one at the end.

    Line ends may be LF, CRLF or CR. Several `data` lines are joined by a newline; comments, `retry`, unknown fields and
    events without data are dropped. The standard discards an event that the end of the stream cuts off
    before its blank line; `close` returns it, because many model services omit that last blank line.
    """

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._buffer = bytearray()
        self._max_event = max_event
        self._after_cr = False
        self._at_start = True

    @property
    def waiting(self) -> int:
        """Bytes of the event that has not ended yet."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Event]:
        """Events completed by these bytes. Raises `SSEError` when one grows beyond the limit."""
        # `find` is faster than `in`, which first tries to read the bytes as a number and catches an exception.
        if chunk.endswith(b"\n\n") and not self._buffer and not self._after_cr and chunk.find(b"\r") < 0:
            # Whole events, as most chunks of most services are.
            events: list[Event] = []
            self._parse(chunk[:-2], events)
            return events
        return self._collect(chunk)

    def _collect(self, chunk: bytes) -> list[Event]:
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # The second half of a CRLF; the CR has ended the line already.
            self._after_cr = False
            if not chunk:
                return []
        self._after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        buffer = self._buffer
        searched = max(len(buffer) - 1, 0)
        buffer += chunk
        events: list[Event] = []
        start = 0
        while (end := buffer.find(b"\n\n", max(start, searched))) >= 0:
            self._parse(bytes(buffer[start:end]), events)
            start = end + 2
        if start:
            del buffer[:start]
        if len(buffer) > self._max_event:
            buffer.clear()
            raise SSEError(f"a server-sent event exceeds {self._max_event} bytes")
        return events

    def close(self) -> list[Event]:
        """The event that was under way when the stream ended, if it had data."""
        events: list[Event] = []
        if not self._buffer:
            return events
        self._parse(bytes(self._buffer), events)
        self._buffer.clear()
        return events

    def _parse(self, raw: bytes, events: list[Event]) -> None:
        """Whole events with a blank line between each two, in lines that end with LF."""
        text = raw.decode(errors="replace")
        if self._at_start and text:
            text = text.removeprefix("\ufeff")  # The standard allows one byte order mark.
            self._at_start = False
        if text.startswith("data:") and text.find("\n") < 0:
            # The shape of nearly all events of nearly all model services.
            events.append(tuple.__new__(Event, (text[6:] if text.startswith(" ", 5) else text[5:], "", "")))
            return
        start = text.rfind("\ndata:") + 1
        if start and text.find("\n", start) < 0:
            head = text[:start]
            fields = _fields_known(head) if start < _LONG_HEAD else _fields(head)
            if fields is not None:
                # The shape of nearly all others: one line of data, the last one.
                data = text[start + 6 :] if text.startswith(" ", start + 5) else text[start + 5 :]
                events.append(tuple.__new__(Event, (data, *fields)))
                return
        for block in text.split("\n\n"):
            lines = [line[5:].removeprefix(" ") for line in block.split("\n") if f"{line}:".startswith("data:")]
            if lines:
                head = f"\n{block}\n"
                events.append(Event("\n".join(lines), _last(head, "\nevent:"), _last(head, "\nid:")))


_LONG_HEAD: Final = 100


def _fields(head: str) -> tuple[str, str] | None:
    """`event` and `id` in the lines before that of the data; None: they belong to several events, or have data."""
    head = "\n" + head
    if head.find("\n\n") >= 0 or head.find("\ndata") >= 0:
        return None
    return _last(head, "\nevent:"), _last(head, "\nid:")


_fields_known: Final = functools.lru_cache(1000)(_fields)
"""Streams repeat the few names of their events, and count them from 1."""


def _last(head: str, name: str) -> str:
    """The value of the last field of this name; empty if there is none. Each line has its LF in front and behind."""
    start = head.rfind(name)
    if start < 0:
        return ""
    start += len(name)
    if head.startswith(" ", start):
        start += 1
    return head[start : head.find("\n", start)]


def encode_event(data: str, event: str = "", event_id: str = "") -> bytes:
    """One event as bytes, blank line included.

    >>> encode_event("[DONE]")
    b'data: [DONE]\\n\\n'
    """
    head = (f"event: {event}\n" if event else "") + (f"id: {event_id}\n" if event_id else "")
    if "\n" in data or "\r" in data:
        lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        data = "\ndata: ".join(lines)
    return encode(f"{head}data: {data}\n\n")
