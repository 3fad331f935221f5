"""Streams of messages and of responses that are passed on: one that breaks off ends with an error event."""

from __future__ import annotations

from typing import Final

from proxywasm import log

from ..credentials.scrubber import Scrubber
from ..protocols.exchange import Exchange
from ..wire.errors import RESPONSE_FAILED, stream_cut
from ..wire.json import dumps, to_bytes
from .passed_streams import TextStream

_END: Final = b"message_stop"
_ERROR: Final = b"event: error"
_LONGEST: Final = max(len(_END), len(_ERROR)) - 1
"""Bytes of a chunk that may be the beginning of one of them."""

_RESPONSE_ENDS: Final = (b"response.completed", b"response.incomplete", b"response.failed", _ERROR)
_LONGEST_OF_RESPONSES: Final = max(map(len, _RESPONSE_ENDS)) - 1


class MessageStream(TextStream):
    """Looks for the end of a message in the bytes of the stream."""

    def __init__(self, scrubber: Scrubber, exchange: Exchange) -> None:
        super().__init__(scrubber, exchange)
        self._exchange = exchange
        self._before = b""
        self._ended = False

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        output = super().feed(chunk, last=last)
        if not self._ended:
            seen = self._before + chunk
            self._ended = seen.find(_END) >= 0 or seen.find(_ERROR) >= 0
            self._before = seen[-_LONGEST:]
            if last and not self._ended:
                output += self._cut()
        return output

    def _cut(self) -> bytes:
        error = stream_cut()
        log.error("%s: stream not usable: %s", RESPONSE_FAILED, error.message)
        separator = "" if self._before.endswith((b"\n\n", b"\r\n\r\n")) or not self._before else "\n\n"
        return to_bytes(f"{separator}event: error\ndata: {dumps(self._exchange.client.error(error))}\n\n")


class ResponseStream(MessageStream):
    """Looks for the end of a response."""

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        output = TextStream.feed(self, chunk, last=last)
        if not self._ended:
            seen = self._before + chunk
            self._ended = any(seen.find(end) >= 0 for end in _RESPONSE_ENDS)
            self._before = seen[-_LONGEST_OF_RESPONSES:]
            if last and not self._ended:
                output += self._cut()
        return output
