"""Streams that pass unchanged except for masked credentials, which chunks may cut anywhere."""

from __future__ import annotations

import re
from typing import Final, Protocol

from proxywasm import SSEError

from ..credentials.scrubber import Scrubber, same_length
from ..protocols.bedrock.aws_event_stream import cut_frames, rewritten
from ..protocols.exchange import Answer, Exchange
from ..wire.errors import ApiError
from . import usage
from .incomplete_event import IncompleteEvent

EVENT_STREAM: Final = "application/vnd.amazon.eventstream"
"""The type of streams with AWS' binary frames."""


_LAST: Final = re.compile(rb"event: ?(?:message_stop|response\.(?:completed|incomplete))|data: ?\[DONE\]")
"""In the last events of the protocols of clients."""


class PassedStream(Protocol):
    """The interface of all streams: bytes in, bytes out."""

    @property
    def headers_sent(self) -> bool:
        """The headers have been sent to the client."""

    @property
    def ended(self) -> bool:
        """The client has got the last event of its protocol. It may leave then, before the stream itself ends."""

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        """The bytes for the client."""


def new_passed_stream(content_type: str, scrubber: Scrubber, exchange: Exchange | None = None) -> PassedStream:
    return FramedStream(scrubber, exchange) if content_type.startswith(EVENT_STREAM) else TextStream(scrubber, exchange)


class TextStream:
    """A text stream. Holds back the end of a chunk while it may be the beginning of a credential."""

    headers_sent: bool = True

    def __init__(self, scrubber: Scrubber, exchange: Exchange | None = None) -> None:
        self.ended = False
        self._answer = exchange.answer if exchange is not None else None
        self._key = usage.KEY if exchange is None else usage.KEYS.get(exchange.api, usage.KEY)
        self._scrubber = scrubber
        self._held = b""
        self._begun = b""
        """The last of what has left, if that ends within an event: so much of it as can be about tokens."""

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        if self._held:
            chunk = self._held + chunk
            self._held = b""
        if not last:
            end = self._scrubber.safe_end(chunk)
            if end < len(chunk):
                chunk, self._held = chunk[:end], chunk[end:]
        output = self._scrubber.clean(chunk)
        if self._answer is not None:
            self._note(self._answer, output, last=last)
        return output

    def _note(self, answer: Answer, output: bytes, *, last: bool) -> None:
        text = self._begun + output if self._begun else output
        if last or text.endswith(b"\n\n"):  # as mostly
            self._begun = b""
            usage.note(answer, text, self._key)
            if answer.last_usage:  # which is in the last event, or in one before it
                self.ended = _LAST.search(text) is not None
        else:
            end = text.rfind(b"\n\n")
            if end >= 0:
                usage.note(answer, text[:end], self._key)
            self._begun = text[max(end, len(text) - usage.MOST, 0) :]


class FramedStream:
    """AWS' binary frames with check sums. Sends whole frames; masks keep their length."""

    headers_sent = True
    ended = False
    """AWS' clients wait for the end of the stream."""

    def __init__(self, scrubber: Scrubber, exchange: Exchange | None = None) -> None:
        self._scrubber = scrubber
        self._incomplete = IncompleteEvent(exchange)
        self._held = bytearray()
        self._text: TextStream | None = None
        """Scrubs the rest of the stream if no frames are found any more."""

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
        # The rest is a frame that the end of the stream has cut.
        return output + self._scrubber.clean(bytes(self._held)) if last else output

    def _as_text(self, *, last: bool) -> bytes:
        """Treat the held bytes and the rest of the stream as text: they are not frames, or a frame is too large."""
        self._text = TextStream(self._scrubber)
        rest = bytes(self._held)
        self._held.clear()
        return self._text.feed(rest, last=last)

    def _clean(self, text: bytes) -> bytes:
        return self._scrubber.clean(text, same_length)
