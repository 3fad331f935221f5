"""Streams that go on as they come, but for credentials in them, wherever they are cut into chunks."""

from __future__ import annotations

from typing import Final, Protocol

from proxywasm import SSEError

from ..credentials.scrubber import Scrubber, same_length
from ..protocols.bedrock.aws_event_stream import cut_frames, rewritten
from ..protocols.exchange import Exchange
from ..wire.errors import ApiError
from .incomplete_event import IncompleteEvent

EVENT_STREAM: Final = "application/vnd.amazon.eventstream"
"""The type of streams with AWS' binary frames."""


class PassedStream(Protocol):
    """What a stream is to those who only move bytes."""

    @property
    def headers_sent(self) -> bool:
        """The headers have gone to the client."""

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        """What goes to the client."""


def new_passed_stream(content_type: str, scrubber: Scrubber, exchange: Exchange | None = None) -> PassedStream:
    return FramedStream(scrubber, exchange) if content_type.startswith(EVENT_STREAM) else TextStream(scrubber)


class TextStream:
    """Any text. Only what may be the beginning of a credential waits for the next chunk."""

    headers_sent = True

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._held = b""

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        if self._held:
            chunk = self._held + chunk
            self._held = b""
        if not last:
            end = self._scrubber.safe_end(chunk)
            if end < len(chunk):
                chunk, self._held = chunk[:end], chunk[end:]
        return self._scrubber.clean(chunk)


class FramedStream:
    """Binary frames with check sums, as AWS has them. A frame goes on when all of it is there, in the same length."""

    headers_sent = True

    def __init__(self, scrubber: Scrubber, exchange: Exchange | None = None) -> None:
        self._scrubber = scrubber
        self._incomplete = IncompleteEvent(exchange)
        self._held = bytearray()
        self._text: TextStream | None = None
        """What follows the last frame that is looked for."""

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        if self._text is not None:
            return self._text.feed(chunk, last=last)
        self._held += chunk
        try:
            output = b"".join([rewritten(frame, self._clean) for frame in cut_frames(self._held)])
        except SSEError:
            return self._as_text(last=last)
        try:
            self._incomplete.grow_to(len(self._held))
        except ApiError:
            return output + self._as_text(last=last)
        # The end of the stream has cut the rest.
        return output + self._scrubber.clean(bytes(self._held)) if last else output

    def _as_text(self, *, last: bool) -> bytes:
        """What is held, and all that follows: frames are not found any more, or too much is held for them."""
        self._text = TextStream(self._scrubber)
        rest = bytes(self._held)
        self._held.clear()
        return self._text.feed(rest, last=last)

    def _clean(self, text: bytes) -> bytes:
        return self._scrubber.clean(text, same_length)
