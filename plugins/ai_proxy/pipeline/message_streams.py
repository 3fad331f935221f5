"""Streams of messages and of responses that are passed on: one that breaks off ends with an error event.

If another provider may answer, the headers wait for the first event, which may be an error.
"""

from __future__ import annotations

from typing import Final

from proxywasm import SSEDecoder, log

from ..credentials.scrubber import Scrubber
from ..protocols.anthropic import service as anthropic
from ..protocols.exchange import Exchange
from ..protocols.openai import service as openai
from ..wire import lenient, limits
from ..wire.errors import RESPONSE_FAILED, ApiError, stream_cut
from ..wire.json import Json, dumps, loads, to_bytes
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

    def _error(self, document: Json) -> ApiError | None:
        """The error in an event."""
        return anthropic.error(200, document)

    def _beginning(self, chunk: bytes, *, last: bool) -> bytes:
        """All that has arrived, with the first event. If that is an error, or there is none, the stream has failed."""
        if self.failure is not None:
            return b""
        self._start += chunk
        events = SSEDecoder().feed(self._start)
        if events:
            try:
                self.failure = self._error(lenient.mapping(loads(events[0].data)))
            except ValueError:  # The client gets it as it is.
                self.failure = None
        elif last:
            self.failure = stream_cut()
        elif len(self._start) <= limits.LARGE_EVENT:
            return b""
        if self.failure is not None:
            log.error("%s: stream not usable: %s", RESPONSE_FAILED, self.failure.message)
            return b""
        self.has_event = self.has_content = True
        chunk, self._start = self._start, b""
        return chunk

    def _cut(self) -> bytes:
        error = stream_cut()
        log.error("%s: stream not usable: %s", RESPONSE_FAILED, error.message)
        separator = "" if self._before.endswith((b"\n\n", b"\r\n\r\n")) or not self._before else "\n\n"
        return to_bytes(f"{separator}event: error\ndata: {dumps(self._exchange.client.error(error))}\n\n")


class ResponseStream(MessageStream):
    """Looks for the end of a response."""

    _ends = (b"response.completed", b"response.incomplete", b"response.failed", _ERROR)
    _longest = len(b"response.incomplete") - 1

    def _error(self, document: Json) -> ApiError | None:
        kind = document.get("type")
        if kind == "response.failed":
            return openai.error(200, lenient.mapping(document.get("response")))
        return openai.error(200, {"error": document}) if kind == "error" else None
