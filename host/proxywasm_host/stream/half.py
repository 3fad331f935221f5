"""One direction of a stream: what has arrived, what waits, and what goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proxywasm.headers import apply_edits
from proxywasm.wire import BodyMode, FieldEdits, Fields, Hold, Outcome

from ..limit import KIB, MIB, limit
from .events import Event


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may use.

    A body limit is the most that a plugin gets: it may ask for less. A pause ends by another stream, a tick, or nobody:
    without a limit a bug would hold the client for ever.
    """

    request_body: int = limit(
        32 * MIB, "bytes", "a request's body that is buffered; a plugin may ask for less", "the client: 413"
    )
    response_body: int = limit(
        32 * MIB, "bytes", "a response's body that is buffered; a plugin may ask for less", "the client: 502"
    )
    paused_ms: int = limit(
        300_000,
        "ms",
        "how long a direction is paused while no call-out of the stream is under way",
        "the stream, as if the plugin had raised",
    )
    header_count: int = limit(
        1000,
        "fields",
        "header fields of a message as it arrives, or with what a plugin has added",
        "the client: 431 or 502; the stream, as if the plugin had raised",
    )
    header_size: int = limit(256 * KIB, "bytes", "names and values of those fields", "see `streams.header_count`")


_CHUNKS: Final = 1000
"""That wait one by one. What comes then is put together: small chunks take much more room than their bytes."""


class Half:
    """One direction. It decides nothing about the plugin: its stream does, and sets `mode`, `hold` and `taken`.

    Attributes:
        name: "request" or "response", for messages.
        limit: bytes that may be buffered.
        on_body: the plugin's phase for a body of this direction.
        fields: the headers; None: none have arrived.
        ended: the last byte has arrived.
        sent: the headers have gone on.
        dropped: nothing goes on any more; the client is answered without it.
        mode: how the plugin wants the body.
        hold: what holds this direction back.
        body: what the plugin has in hand, or had when it paused; `body_ends`: with it the body ends.
        taken: the plugin has taken the last chunk: it says itself what goes on, and where the end is.
        paused_since: nanoseconds on the host's clock; meaningful while `waiting`.
    """

    __slots__ = (
        "_buffer",
        "_headers_end",
        "_queue",
        "_queued",
        "_send_body",
        "_send_headers",
        "body",
        "body_ends",
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
    )

    def __init__(
        self,
        name: str,
        limit: int,
        on_body: Callable[[int, bytes, bool], Outcome],
        send_headers: Callable[[Fields, bool], Event],
        send_body: Callable[[bytes, bool], Event],
    ) -> None:
        self.name = name
        self.limit = limit
        self.on_body = on_body
        self._send_headers = send_headers
        self._send_body = send_body
        self.fields: Fields | None = None
        self.ended = False
        self.sent = False
        self.dropped = False
        self.mode = BodyMode.SKIP
        self.hold: Hold | None = None
        self.body: bytes | None = None
        self.body_ends = False
        self.taken = False
        self.paused_since = 0
        self._headers_end = False
        self._buffer = bytearray()  # a body being collected for the plugin
        self._queue: deque[tuple[bytes, bool]] = deque()  # chunks that arrived while paused
        self._queued = 0  # their bytes

    # What arrives.

    def headers(self, fields: Fields, end_of_stream: bool) -> None:
        self.fields = fields
        self._headers_end = self.ended = end_of_stream

    def enqueue(self, data: bytes, end_of_stream: bool) -> bool:
        """Keep a chunk for later. False: it is more than the limit allows."""
        self._queue.append((data, end_of_stream))
        self._queued += len(data)
        return self._queued <= self.limit

    def dequeue(self) -> tuple[bytes, bool] | None:
        """The next chunk that was kept; None: there is none, or this direction is held again."""
        if not self._queue or self.hold is not None:
            return None
        chunk = self._queue.popleft()
        self._queued -= len(chunk[0])
        return chunk

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

    def edit(self, edits: FieldEdits) -> bool:
        """False: the headers are not there, or have gone on."""
        if self.fields is None or self.sent:
            return False
        self.fields = apply_edits(self.fields, edits)
        return True

    def release(self) -> None:
        """The plugin is gone: what was buffered for it is in hand, and the rest of the body passes by."""
        self.mode = BodyMode.SKIP
        if self._buffer:
            self.body, self.body_ends = self.collected(), False

    def drop(self) -> None:
        """Nothing goes on any more, neither what waits nor what is still to arrive."""
        self.dropped = True
        self._forget()

    def end(self) -> None:
        """What has gone on is all there is."""
        self._forget()
        self.ended = True
        self.taken = False

    def replace(self, fields: Fields, body: bytes) -> None:
        """Have this message in hand instead of whatever has arrived; the plugin has no part in it."""
        self.end()
        self.fields, self._headers_end = fields, not body
        self.body, self.body_ends = body or None, True
        self.mode = BodyMode.SKIP

    def _forget(self) -> None:
        self._queue.clear()
        self._queued = 0
        self._buffer.clear()
        self.body = None

    # What goes on.

    def flush(self, events: list[Event]) -> None:
        """Send what is in hand."""
        if self.fields is None or self.dropped:
            return
        self.hold = None
        if not self.sent:
            self.sent = True
            events.append(self._send_headers(self.fields, self._headers_end))
        if self.body is not None:
            if self.body or self.body_ends:
                events.append(self._send_body(self.body, self.body_ends))
                self.taken = self.taken and not self.body_ends
            self.body = None

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
