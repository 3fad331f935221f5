"""Streams of messages, responses and contents that are passed on: one that breaks off ends with an error event.

If another provider may answer, the headers wait for the first event, which may be an error. If it may answer after a
refusal, they wait for the first content.
"""

from __future__ import annotations

from typing import Final

from proxywasm import SSEDecoder, log

from ..credentials.scrubber import Scrubber
from ..protocols.exchange import Exchange
from ..wire import lenient, limits
from ..wire.errors import RESPONSE_FAILED, ApiError, stream_cut
from ..wire.json import Json, dumps, loads, to_bytes
from . import native_refusals
from .passed_streams import TextStream

_ERROR: Final = b"event: error"


class MessageStream(TextStream):
    """Looks for the end of a message in the bytes of the stream."""

    _ends: tuple[bytes, ...] = (b"message_stop", _ERROR)
    _longest: int = len(b"message_stop") - 1
    """Bytes of a chunk that may be the beginning of one of them."""

    def __init__(self, scrubber: Scrubber, exchange: Exchange) -> None:
        super().__init__(scrubber, exchange)
        self._exchange = exchange
        attempts = exchange.attempts
        self.headers_sent = self.has_event = self.has_content = attempts is None or attempts.fallback is None
        self.failure: ApiError | None = None
        self._start = b""
        """What has arrived before the first event."""
        self._before = b""
        self._ended = False
        self._watch = exchange.answer.watch
        self._decoder = SSEDecoder()
        self._has_data = False

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        if not self.has_event:
            chunk = self._beginning(chunk, last=last)
            if not self.has_event:
                return b""
        output = super().feed(chunk, last=last)
        if not self._ended:
            seen = self._before + chunk
            for end in self._ends:
                if seen.find(end) >= 0:
                    self._ended = True
            self._before = seen[-self._longest :]
            if last and not self._ended:
                output += self._cut()
        return output

    def _beginning(self, chunk: bytes, *, last: bool) -> bytes:
        """All that has arrived, with the first event, or what tells whether a content filter has refused the answer. If
        there is an error in it, or no event, the stream has failed."""
        if self.failure is not None:
            return b""
        self._start += chunk
        events = self._decoder.feed(chunk)
        for event in events:
            self._look_at(event.data)
            if self.failure is not None:
                self.failure.mask(self._scrubber.clean_text)
                log.error("%s: stream not usable: %s", RESPONSE_FAILED, self.failure.message)
                return b""
            if self._watch is None or self._watch.decided:
                break
        self._has_data = self._has_data or bool(events)
        if last and not self._has_data:
            self.failure = stream_cut()
            log.error("%s: stream not usable: %s", RESPONSE_FAILED, self.failure.message)
            return b""
        decided = self._has_data and (self._watch is None or self._watch.decided)
        if not (decided or last or len(self._start) > limits.LARGE_EVENT):
            return b""
        self.has_event = self.has_content = True
        chunk, self._start = self._start, b""
        return chunk

    def _look_at(self, data: str) -> None:
        """One of the first events."""
        try:
            document = lenient.mapping(loads(data))
        except ValueError:  # The client gets it as it is.
            if self._watch is not None:
                self._watch.decided = True
            return
        self._see(document)

    def _see(self, document: Json) -> None:
        """Look for an error, or a refusal."""
        api = self._exchange.api
        self.failure = native_refusals.error(api, document)
        if self._watch is not None:
            native_refusals.watch_event(self._watch, api, document)

    def _cut(self) -> bytes:
        error = stream_cut()
        log.error("%s: stream not usable: %s", RESPONSE_FAILED, error.message)
        separator = "" if self._before.endswith((b"\n\n", b"\r\n\r\n")) or not self._before else "\n\n"
        return to_bytes(f"{separator}event: error\ndata: {dumps(self._exchange.client.error(error))}\n\n")


class ResponseStream(MessageStream):
    """Looks for the end of a response."""

    _ends = (b"response.completed", b"response.incomplete", b"response.failed", _ERROR)
    _longest = len(b"response.incomplete") - 1

    def _see(self, document: Json) -> None:
        super()._see(document)
        attempts = self._exchange.attempts
        if self.failure is None and attempts is not None and attempts.fallback is not None:
            attempts.fallback.made(lenient.mapping(document.get("response")).get("id"))


class GeminiStream(MessageStream):
    """A stream of Gemini's contents. It has no last event."""

    _ends = ()

    def __init__(self, scrubber: Scrubber, exchange: Exchange) -> None:
        super().__init__(scrubber, exchange)
        self._ended = True
