"""One request of a stream whose requests can be sent again, and what answers it: see `stages`."""

from __future__ import annotations

from typing import Final

from ..framing import LENGTH
from ..replies import NO_PLACE
from ..text import to_bytes
from ..wire import NewRequest
from .calls import (
    CONTINUE,
    EVERYTHING,
    PASS_WHOLE,
    REQUEST,
    REQUEST_BODY,
    REQUEST_HEADERS,
    STOP_ALL,
    STOP_BODY,
    STOP_HEADERS,
    STOP_TRAILERS,
)
from .half import Half
from .pairs import join_pairs
from .stages import Root, StagedStream
from .stream import NO_GRPC_STATUS, PER_TRY_TIMEOUT, Stream

_AGAIN: Final = join_pairs([("x-proxywasm-again", "1")])


class Attempt(Stream[Root]):
    """A stream of the second stage. Its response phases are those of the stream that it is an attempt of."""

    __slots__ = ("_body", "_held_back", "_stream", "has_no_body", "undecided", "waits")

    def __init__(self, stream: StagedStream[Root], context: int) -> None:
        super().__init__(stream.root, context)
        self._stream = stream
        self._body: bytes | None = None
        """What replaces the body that the gateway sends once more."""
        self._held_back = False
        """It is to be given up, and nothing of its response may reach the client until then."""
        self.undecided = False
        """The plugin is being asked what it will be."""
        self.waits = False
        """The plugin will say what it is to be."""
        self.has_no_body = False
        """The request that the gateway sends once more ends with its headers."""

    def headers(self, half: Half, fields: bytes, end_of_stream: bool) -> int:
        stream = self._stream
        if half is self.request:
            return stream.begin(self, end_of_stream)
        if stream.is_current(self):
            return Stream.headers(stream, stream.response, fields, end_of_stream)
        return STOP_ALL if self._held_back else PASS_WHOLE

    def body(self, half: Half, size: int, end_of_stream: bool) -> int:
        stream = self._stream
        if half is not self.request:
            if stream.is_current(self):
                return Stream.body(stream, stream.response, size, end_of_stream)
            return STOP_BODY if self._held_back else CONTINUE
        if self._body is None:
            return CONTINUE
        if not end_of_stream:
            return STOP_BODY
        self._abi.set_buffer_bytes(REQUEST_BODY, 0, EVERYTHING, self._body)
        return CONTINUE

    def trailers(self, half: Half) -> int:
        stream = self._stream
        if half is not self.request:
            if stream.is_current(self):
                return Stream.trailers(stream, stream.response)
            return STOP_TRAILERS if self._held_back else CONTINUE
        body = self._body
        if body is not None and self._abi.set_buffer_bytes(REQUEST_BODY, 0, EVERYTHING, body) and body:
            stream.reply(NO_PLACE)
            return STOP_TRAILERS
        return CONTINUE

    def close(self) -> None:
        self.closed = True
        self._stream.end_attempt(self)

    # For the stream.

    def limit_first_byte(self, milliseconds: int) -> None:
        self._gateway.enter(self.id)
        self._abi.edit_header_map(REQUEST_HEADERS, to_bytes("\0".join((f"={PER_TRY_TIMEOUT}", str(milliseconds)))))

    def send(self, request: NewRequest, end_of_stream: bool) -> int:
        """Make it this request, in its header phase. Where it has no place for the body, it waits for its end: the
        reply ends the stream, in the first stage."""
        if end_of_stream and request.body:
            self._stream.reply(NO_PLACE)
            return STOP_ALL
        fields = [*request.headers, (LENGTH, str(len(request.body)))] if request.body else [*request.headers]
        if request.first_byte_timeout_ms:
            fields.append((PER_TRY_TIMEOUT, str(request.first_byte_timeout_ms)))
        self._gateway.enter(self.id)
        self._abi.set_header_map_pairs(REQUEST_HEADERS, join_pairs(fields))
        if end_of_stream:
            return PASS_WHOLE
        self._body = request.body
        return STOP_HEADERS

    def send_waiting(self, request: NewRequest) -> None:
        self.waits = False
        if self.send(request, self.has_no_body) != STOP_ALL:
            self._abi.continue_stream(REQUEST)

    def give_up_soon(self) -> None:
        """Give it up when the phase of another stream has been answered."""
        self._held_back = True
        self.root.soon(self.give_up)

    def give_up(self) -> None:
        """Answer so that the first stage sends the client's request once more."""
        self._held_back = False
        if not self.closed and not self._stream.closed:
            self._gateway.enter(self.id)
            self._abi.send_local_response(503, b"proxywasm.again", b"", _AGAIN, NO_GRPC_STATUS)
