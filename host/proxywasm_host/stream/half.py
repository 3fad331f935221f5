"""One direction of a stream: what has arrived, what waits, and what goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Final

from proxywasm.framing import has_no_body
from proxywasm.headers import FRAMING, apply_edits
from proxywasm.wire import BodyMode, FieldEdits, Fields, Hold, Outcome

from ..limit_fields import KIB, MIB, limit, too_large, too_many
from .events import Event
from .framing import STATUS, SWITCHING, declared, framed, may_tell_length, status_of, with_status


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may use.

    Another stream or a tick ends a pause. Without a limit a bug there would hold the client for ever.
    """

    request_body: int = limit(
        32 * MIB, "bytes", "a request's body that is buffered, if the plugin does not set a limit", "the client: 413"
    )
    response_body: int = limit(
        32 * MIB, "bytes", "a response's body that is buffered, if the plugin does not set a limit", "the client: 502"
    )
    asked_body: int = limit(
        64 * MIB, "bytes", "the limit for a body that a plugin sets itself", "the plugin's limit is this one"
    )
    paused_ms: int = limit(
        300_000,
        "ms",
        "how long a direction is paused while no call-out of the stream is under way",
        "the stream, as if the plugin had raised",
    )
    header_count: int = limit(
        1000,
        "",
        "header fields of a message as it arrives, or with what a plugin has added",
        "the client: 431 or 502; the stream, as if the plugin had raised",
    )
    header_size: int = limit(256 * KIB, "bytes", "names and values of those fields", "see `streams.header_count`")


_CHUNKS: Final = 1000
"""That wait one by one. What comes then is put together: small chunks take much more room than their bytes."""


def fields_size(fields: Iterable[tuple[str, str]]) -> int:
    return sum(map(len, chain.from_iterable(fields)))


def fields_refusal(fields: Sized, size: int, limits: Limits) -> str | None:
    """Why these header fields are too many, or too long, if they are."""
    if len(fields) > limits.header_count:
        return too_many("header fields", len(fields), limits.header_count)
    return too_large("header", size, limits.header_size) if size > limits.header_size else None


_first: Final = itemgetter(slice(1))
_TEXTS: Final = frozenset({str})
_OPERATIONS: Final = frozenset("=+-")
_OF_STATUS: Final = frozenset({f"{operation}{STATUS}" for operation in _OPERATIONS})
"""Edits that change the status."""


class Half:
    """One direction. It decides nothing about the plugin: its stream does, and sets `mode`, `hold` and `taken`.

    Attributes:
        name: "request" or "response", for messages.
        limit: bytes that may be buffered; a plugin may set another one, up to `most`.
        on_body: the plugin's phase for a body of this direction.
        fields: the headers; None: none have arrived.
        ended: the last byte has arrived.
        sent: the headers have gone on.
        changed: the plugin has given other bytes than came, or has taken some.
        draining: chunks that arrived while it was paused are being given to the plugin.
        dropped: nothing goes on any more; the client is answered without it.
        to_head: it is the response to a request with HEAD.
        mode: how the plugin wants the body.
        hold: what holds this direction back.
        body: what the plugin has in hand, or had when it paused; `body_ends`: with it the body ends.
        taken: the plugin has taken the last chunk: it says itself what goes on, and where the end is.
        paused_since: nanoseconds on the host's clock; meaningful while `waiting`.
    """

    __slots__ = (
        "_arrived",
        "_buffer",
        "_fields_size",
        "_headers_end",
        "_most",
        "_owed",
        "_queue",
        "_queued",
        "_send_body",
        "_send_headers",
        "_silent",
        "body",
        "body_ends",
        "changed",
        "draining",
        "dropped",
        "ended",
        "fields",
        "hold",
        "limit",
        "mode",
        "name",
        "on_body",
        "paused_since",
        "sent",
        "taken",
        "to_head",
    )

    def __init__(
        self,
        name: str,
        limit: int,
        most: int,
        on_body: Callable[[int, bytes, bool], Outcome],
        send_headers: Callable[[Fields, bool], Event],
        send_body: Callable[[bytes, bool], Event],
    ) -> None:
        self.name = name
        self.limit = limit
        self._most = most
        self.on_body = on_body
        self._send_headers = send_headers
        self._send_body = send_body
        self.fields: Fields | None = None
        self.ended = False
        self.sent = False
        self.changed = False
        self.draining = False
        self.dropped = False
        self.mode = BodyMode.SKIP
        self.hold: Hold | None = None
        self.body: bytes | None = None
        self.body_ends = False
        self.taken = False
        self.paused_since = 0
        self.to_head = False
        self._headers_end = False
        self._fields_size = 0  # or more
        self._arrived: Fields = []  # the headers, before any edit
        self._owed: int | None = None  # bytes of the body that are announced and have not gone on
        self._silent = False  # headers have gone on that no body may follow
        self._buffer = bytearray()  # a body being collected for the plugin
        self._queue: deque[tuple[bytearray, bool]] = deque()  # chunks that arrived while paused
        self._queued = 0  # their bytes

    # What arrives.

    def headers(self, fields: Fields, end_of_stream: bool) -> None:
        self.fields = self._arrived = fields
        self._fields_size = fields_size(fields)
        self._headers_end = self.ended = end_of_stream

    def enqueue(self, data: bytes, end_of_stream: bool) -> bool:
        """Keep a chunk for later. False: it is more than the limit allows."""
        if len(self._queue) < _CHUNKS:
            self._queue.append((bytearray(data), end_of_stream))
        else:
            last, _ = self._queue[-1]
            last += data
            self._queue[-1] = last, end_of_stream
        self._queued += len(data)
        return self._queued <= self.limit

    def dequeue(self) -> tuple[bytes, bool] | None:
        """The next chunk that was kept; None: there is none, or this direction is held again."""
        if not self._queue or self.hold is not None:
            return None
        data, end_of_stream = self._queue.popleft()
        self._queued -= len(data)
        return bytes(data), end_of_stream

    def collect(self, data: bytes) -> bool:
        """Add to the body that is buffered for the plugin. False: it is more than the limit allows."""
        self._buffer += data
        return len(self._buffer) <= self.limit

    def collected(self) -> bytes:
        """The body that was buffered, which is not kept any longer."""
        body = bytes(self._buffer)
        self._buffer.clear()
        return body

    # What the plugin does with it.

    def read(self, mode: BodyMode, limit: int | None) -> None:
        """`limit`: bytes that the plugin wants at most."""
        self.mode = mode
        if limit is not None:
            self.limit = min(limit, self._most)

    def edit(self, edits: FieldEdits) -> str:
        """Why not all was done; empty if it was."""
        if self.fields is None or self.sent:
            return "they are not there, or have gone on"
        keys = edits[::2]
        # A native program may answer with anything.
        if len(edits) % 2 or not _TEXTS.issuperset(map(type, edits)) or not _OPERATIONS.issuperset(map(_first, keys)):
            return "that is no list of edits"
        self.fields = apply_edits(self.fields, edits)
        self._fields_size += sum(map(len, edits))
        if _OF_STATUS.isdisjoint(keys):
            return ""
        self.fields, possible = with_status(self.fields, self._arrived)
        return "" if possible else "a response cannot have this status"

    def put(self, body: bytes) -> None:
        """Have these bytes in hand instead of those that came."""
        self.body = body
        self.changed = True

    def take(self) -> None:
        """The plugin has what is in hand."""
        self.body = None
        self.changed = self.taken = True

    def fields_refusal(self, limits: Limits) -> str | None:
        """Why there are too many header fields, or too long ones, if there are."""
        fields = self.fields or ()
        if len(fields) <= limits.header_count and self._fields_size <= limits.header_size:
            return None
        # With edits the size was a guess that was quick to make.
        self._fields_size = fields_size(fields)
        return fields_refusal(fields, self._fields_size, limits)

    def release(self) -> None:
        """The plugin is gone: what was buffered for it is in hand, and the rest of the body passes by."""
        self.mode = BodyMode.SKIP
        if self._buffer:
            self.body, self.body_ends = self.collected(), False

    def drop(self) -> None:
        """Nothing goes on any more, neither what waits nor what is still to arrive."""
        self.dropped = True
        self.taken = False
        self._forget()

    def end(self) -> None:
        """What has gone on is all there is."""
        self._forget()
        self.ended = True
        self.taken = False

    def replace(self, fields: Fields, body: bytes) -> None:
        """Have this message in hand instead of whatever has arrived; the plugin has no part in it."""
        self.end()
        self.fields = self._arrived = fields
        self._headers_end = not body
        self.body, self.body_ends = body or None, True
        self.mode = BodyMode.SKIP

    def _forget(self) -> None:
        self._queue.clear()
        self._queued = 0
        self._buffer.clear()
        self.body = None

    # What goes on.

    def flush(self, events: list[Event]) -> bool:
        """Send what is in hand. False: it is not the body that the headers have announced, and nothing was sent."""
        if self.fields is None or self.dropped:
            return True
        self.hold = None
        if not self.sent:
            self.sent = True
            events.append(self._send_headers(*self._announced(self.fields)))
        if self.body is None:
            return True
        body, self.body = self.body, None
        if not body and not self.body_ends:
            return True
        self.taken = self.taken and not self.body_ends
        if self._silent:
            return True
        if self._owed is not None:
            self._owed -= len(body)
            # What passes by as it came is as long as its sender's HTTP says.
            if self.changed and (self._owed < 0 or (self._owed and self.body_ends)):
                return False
        events.append(self._send_body(body, self.body_ends))
        return True

    def _announced(self, fields: Fields) -> tuple[Fields, bool]:
        """The headers with what is true of the body that follows, and whether none does."""
        values = dict(fields)
        status = values.get(STATUS, "")
        if status == SWITCHING:
            return fields, self._headers_end
        # That a body has come with such a status is for the HTTP of its sender to say.
        if self.to_head or (has_no_body(status) and (self._headers_end or status != status_of(self._arrived))):
            self._silent = True
            return framed(fields, declared(self._arrived) if may_tell_length(status) else None), True
        if FRAMING.isdisjoint(values):
            return fields, self._headers_end
        if self._headers_end:
            length: int | None = 0
        elif self.body is not None and self.body_ends:
            length = len(self.body)
        else:
            length = declared(self._arrived)
        fields = framed(fields, length)
        self._owed = declared(fields)
        return fields, self._headers_end

    @property
    def done(self) -> bool:
        """Nothing more will go on."""
        if self.dropped:
            return True
        return self.ended and self.sent and self.body is None and not self._queue and not self.taken

    @property
    def waiting(self) -> bool:
        """It goes on only if somebody other than its sender does something."""
        return not self.dropped and (self.hold is Hold.PAUSE or (self.taken and self.ended))
