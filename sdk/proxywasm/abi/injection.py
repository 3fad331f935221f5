"""Responses whose chunks a plugin takes and answers with injections of its own (`need_pause_streaming_response`)."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Final, Protocol

from ..wire import Hold, Injection, LogLevel
from .calls import EVERYTHING, RESPONSE_BODY, STOP_BODY, STOP_TAKEN, Gateway, Status, status_name
from .half import Half

PIECE: Final = 1 << 16
"""Bytes that go into the gateway's buffer at once. More than its limit would break the response off; Envoy does not say
what it is, and 1 MiB unless it is configured."""


class Scheduler(Protocol):
    """The methods of the plugin that injections call."""

    gateway: Gateway

    def soon(self, function: Callable[[], None]) -> None:
        """Call it once, as soon as the gateway has dealt with what this callback returns."""


class TakingStream(Protocol):
    """The methods of the stream that injections call; `Stream` documents them."""

    closed: bool
    response: Half

    @property
    def root(self) -> Scheduler: ...
    def set_body(self, half: Half, body: bytes) -> None: ...
    def moves(self, half: Half) -> bool: ...
    def go_on(self, half: Half) -> None: ...
    def no_place(self, half: Half, size: int) -> None: ...
    def log(self, message: str, level: LogLevel = ...) -> None: ...


class Injections:
    """For gateways that cannot inject: injected data goes into the gateway's buffer, and the gateway continues.

    Both happen in one call, outside of a body phase; until then the data waits here. A chunk may arrive at any time,
    and the gateway would join it with what is in its buffer: the plugin would be given its own data.

    After the upstream has ended, `continue_stream` makes the gateway send the end of the response. This delays two
    things. Data that is still waiting when the upstream ends is sent together with the end of the response. If the
    plugin ends the response before the upstream does, the client sees that end when the upstream ends.
    """

    def __init__(self, stream: TakingStream) -> None:
        self.open = True
        """A chunk has been taken, and the end has not been injected."""
        self._stream = stream
        self._waiting = bytearray()

    def add(self, injection: Injection) -> None:
        self._waiting += injection.body
        if injection.end_of_stream:
            self.open = False
            self._stream.response.on_body = self._rest

    def leave(self) -> int:
        """The end of a body phase: what it returns."""
        stream = self._stream
        stream.set_body(stream.response, b"")
        if self._waiting or not self.open:
            stream.root.soon(self.settle)
        # Stopped like this the buffer stays within reach of later callbacks.
        return STOP_BODY

    def settle(self) -> None:
        """Outside of a body phase: send what has been injected."""
        stream, half = self._stream, self._stream.response
        if not stream.moves(half) or not (self._waiting or (half.stopped and not self.open)):
            return
        last = half.ended
        if last and self.open:
            return  # To continue now would end the response.
        data = self._waiting if last else self._waiting[:PIECE]
        stream.root.gateway.enter(half.context)
        # At the end of the buffer: after what body phases have let pass.
        if stream.root.gateway.abi.set_buffer_bytes(RESPONSE_BODY, EVERYTHING, 0, bytes(data)) and data:
            # So it is if the first chunk that is taken is the empty one of trailers.
            stream.no_place(half, len(data))
            return
        if stream.closed:
            # The data exceeded the gateway's buffer limit: it reset the stream during the call above.
            stream.log(f"the response is broken off: the gateway cannot buffer the {len(data)} bytes of its end")
            return
        del self._waiting[: len(data)]
        stream.go_on(half)
        if self._waiting:
            stream.root.soon(self.settle)

    def _rest(self, _context: int, _body: bytes, _end_of_stream: bool) -> bytes:
        """What the upstream sends after the end of the response is dropped, but its end must not overtake the data."""
        if self._waiting:
            self._stream.response.hold = Hold.PAUSE
        return b""


class HigressInjections:
    """For Higress, which has a foreign function for it."""

    FUNCTION = b"inject_encoded_data_to_filter_chain"

    def __init__(self, stream: TakingStream) -> None:
        self.open = True
        self._stream = stream
        self._rest = b""

    def add(self, injection: Injection) -> None:
        """The body crosses in a Protocol Buffers `string`, which has to be UTF-8: no part of a character goes alone."""
        data, self._rest = whole_characters(self._rest + injection.body, final=injection.end_of_stream)
        if injection.end_of_stream:
            self.open = False
        gateway = self._stream.root.gateway
        gateway.enter(self._stream.response.context)
        try:
            gateway.abi.call_foreign_function(
                self.FUNCTION, injection_arguments(data, end_of_stream=injection.end_of_stream)
            )
        except gateway.error as error:
            status = getattr(error, "value", Status.INTERNAL_FAILURE)
            self._stream.log(f"response data was injected in vain ({status_name(status)})")

    def leave(self) -> int:
        return STOP_TAKEN

    def settle(self) -> None:
        """Nothing to do: `add` has sent everything."""


def whole_characters(data: bytes, *, final: bool) -> tuple[bytes, bytes]:
    """UTF-8 up to the last whole character, and the rest; with `final` there is no rest.

    >>> whole_characters(b"z\xc3", final=False)
    (b'z', b'\xc3')
    """
    _, length = codecs.utf_8_decode(data, "replace", final)
    return data[:length], data[length:]


def injection_arguments(body: bytes, *, end_of_stream: bool) -> bytes:
    """The Protocol Buffers message `InjectEncodedDataToFilterChainArguments`: 1 is `string body`, 2 `bool endstream`.

    >>> injection_arguments(b"hi", end_of_stream=True)
    b'\n\x02hi\x10\x01'
    """
    return b"\x0a" + _varint(len(body)) + body + (b"\x10\x01" if end_of_stream else b"")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
