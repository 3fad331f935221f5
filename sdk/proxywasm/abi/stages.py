"""Requests that are sent again, in a gateway with two stages.

A filter of Envoy has one upstream request. Where the gateway has a second stage, the listener that clients reach sends
requests to another one inside the same process, the second stage, where this VM has a filter, too. There the plugin
decides about responses. To send a request again, the filter answers with a header that makes the first stage send the
client's request once more. When that arrives, the filter puts the plugin's request in its place.

    client -> first stage: StagedStream, until the request has gone on
                  -> second stage: `attempt.Attempt`, one for each request; the stream's response phases run in it
                  -> upstream

The header `x-proxywasm-exchange`, which the first stage sets to a random value before any plugin sees the request,
says which attempts belong to which stream.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final, Protocol, TypeVar

from ..core.dispatcher import Dispatcher
from ..wire import BodyMode, Hold, LocalReply, NewRequest
from .calls import CONTINUE, PASS_WHOLE, STOP_ALL
from .half import RESPONSE_SIDE, Half
from .port import Port
from .stream import Stream, StreamRoot

CONFIGURATION: Final = b'{"_second_stage_": true}'
"""The configuration of the filter in the second stage."""
_MOST: Final = 16
"""Requests in one stream; the first stage must allow one less to be sent again."""
_EXCHANGE: Final = b"\0x-proxywasm-exchange\0"
_DETAILS: Final = ("response", "code_details")
_PAUSE: Final = Hold.PAUSE
_SKIP, _BUFFER = BodyMode.SKIP, BodyMode.BUFFER
_BROKEN: Final = LocalReply(
    502, [("content-type", "text/plain")], b"the response of the upstream has broken off", "proxywasm.response_broken"
)
"""What a client gets if the plugin does not say anything else."""


class StagedRoot(StreamRoot, Protocol):
    """What these streams need of the plugin, beside what each stream does."""

    port: Port
    dispatcher: Dispatcher

    @property
    def exchanges(self) -> MutableMapping[bytes, StagedStream[Any]]: ...


class AnyAttempt(Protocol):
    """What these streams need of an attempt; `attempt.Attempt` documents it."""

    id: int
    closed: bool
    undecided: bool
    waits: bool
    has_no_body: bool

    def limit_first_byte(self, milliseconds: int) -> None: ...
    def send(self, request: NewRequest, end_of_stream: bool) -> int: ...
    def send_waiting(self, request: NewRequest) -> None: ...
    def give_up(self) -> None: ...
    def give_up_soon(self) -> None: ...


Root = TypeVar("Root", bound=StagedRoot)


def take_exchange(fields: bytes) -> tuple[bytes, bytes]:
    """The value of the header that identifies the stream, and the header fields without it."""
    start, separators, counted = fields.find(_EXCHANGE), 0, 0
    while start >= 0:
        separators += fields.count(b"\0", counted, start)
        if separators % 2:
            value, separator, after = fields[start + len(_EXCHANGE) :].partition(b"\0")
            return value, fields[:start] + separator + after
        counted, start = start, fields.find(_EXCHANGE, start + 1)  # a client has sent the name as a value
    return b"", fields


class StagedStream(Stream[Root]):
    """A stream of the first stage. From its first attempt on, its response is that of the current attempt."""

    __slots__ = ("_attempt", "_attempts", "_chunk", "_exchange", "_first_byte_ms", "_pending", "_sent")

    def __init__(self, root: Root, context: int) -> None:
        super().__init__(root, context)
        self._exchange = b""
        self._attempt: AnyAttempt | None = None
        self._attempts = 0
        self._first_byte_ms = 0
        self._pending: NewRequest | None = None
        """What the plugin wants to send again, until the attempt for it has begun."""
        self._sent = 0
        """Bytes of the first request's body: those that the first stage has to keep."""
        self._chunk = 0
        """Bytes of what the plugin has been given of it last, or has put in its place."""

    # What the gateway tells the first stage. From the first attempt on, the plugin has seen the response already.

    def headers(self, half: Half, fields: bytes, end_of_stream: bool) -> int:
        if half is self.request:
            self._exchange, fields = take_exchange(fields)
            if self._exchange:
                self.root.exchanges[self._exchange] = self
            return super().headers(half, fields, end_of_stream)
        if not self._attempts:
            return super().headers(half, fields, end_of_stream)
        if self._pending is not None:
            self.log("the request was not sent again: the gateway's first stage has no retry policy that allows it")
        return PASS_WHOLE

    def body(self, half: Half, size: int, end_of_stream: bool) -> int:
        if half is not self.request:
            return CONTINUE if self._attempts else super().body(half, size, end_of_stream)
        if end_of_stream or half.mode is not _BUFFER:
            self._chunk = size
            self._sent += size
        return super().body(half, size, end_of_stream)

    def set_body(self, half: Half, body: bytes) -> None:
        if half is self.request:
            self._sent += len(body) - self._chunk
            self._chunk = len(body)
        super().set_body(half, body)

    def trailers(self, half: Half) -> int:
        if self._attempts and half is not self.request:
            return CONTINUE
        return super().trailers(half)

    def close(self) -> None:
        self.root.exchanges.pop(self._exchange, None)
        self.root.port.attempts.pop(self.id, None)
        self.root.port.details.pop(self.id, None)
        super().close()

    # Attempts.

    def can_send_again(self) -> bool:
        return 0 < self._attempts < _MOST and self._sent <= self.root.dispatcher.again_limit

    def is_current(self, attempt: AnyAttempt) -> bool:
        return self._attempt is attempt and not self.closed

    def begin(self, attempt: AnyAttempt, end_of_stream: bool) -> int:
        """An attempt has begun: its request headers are there."""
        self._attempts += 1
        self._attempt = attempt
        self.response.context = self.root.port.attempts[self.id] = attempt.id
        if self._attempts == 1:
            if self._first_byte_ms:
                attempt.limit_first_byte(self._first_byte_ms)
            return PASS_WHOLE
        if self._pending is not None:
            return attempt.send(self._take_pending(), end_of_stream)
        return self._response_broken(attempt, end_of_stream)

    def _take_pending(self) -> NewRequest:
        pending, self._pending = self._pending, None
        assert pending is not None
        self.root.port.details.pop(self.id, None)
        if pending.first_byte_timeout_ms is None and self._first_byte_ms:
            return NewRequest(pending.headers, pending.body, self._first_byte_ms)
        return pending

    def _response_broken(self, attempt: AnyAttempt, end_of_stream: bool) -> int:
        """The response of the attempt before has broken off while the plugin held all of it. The gateway's own answer
        to that has led to this attempt, so that the plugin can say what follows."""
        half = self.response
        attempt.undecided = True
        if half.holds_headers and not self._bypassed:
            self._gateway.enter(attempt.id)
            try:
                outcome = self.root.dispatcher.on_response_broken(self.id)
                assert not isinstance(outcome, bytes), "only body phases answer with a body"
                self.root.carry_out(outcome or (), self, half)
            except BaseException as error:
                self.fail(self.root.message(error), half)
        attempt.undecided = False
        if self._pending is not None:
            return attempt.send(self._take_pending(), end_of_stream)
        if half.hold is _PAUSE and not self._answered:
            half.hold = None
            attempt.waits = True
            attempt.has_no_body = end_of_stream
            return STOP_ALL
        if not self._answered:
            self._reply_broken()
        return CONTINUE

    def _reply_broken(self) -> None:
        self.response.arrived = True
        self.reply(_BROKEN)

    def end_attempt(self, attempt: AnyAttempt) -> None:
        """The gateway has finished with it."""
        if not self.is_current(attempt):
            return
        if self.response.holds_headers and not self._answered:
            self.root.port.details[self.id] = self.root.port.get_property(self.id, _DETAILS) or b""
        self._attempt = None
        self.response.context = self.id
        self.root.port.attempts.pop(self.id, None)

    # What commands ask for.

    def limit_first_byte(self, milliseconds: int) -> None:
        self._first_byte_ms = milliseconds

    def send_again(self, request: NewRequest, half: Half | None, *, in_phase: bool) -> None:
        if not self.can_send_again():
            super().send_again(request, half, in_phase=in_phase)
            return
        self._pending = request
        before, root = self.response, self.root
        before.mode, before.hold = _SKIP, None
        self.response = Half(RESPONSE_SIDE, self.id, root.on_response_headers, root.on_response_body)
        self.taken = None
        attempt, self._attempt = self._attempt, None
        if attempt is None or attempt.undecided:
            self._attempt = attempt  # It begins, or the next one will.
            if attempt is not None:
                self.response.context = attempt.id
        elif attempt.waits:
            self._attempt = attempt
            self.response.context = attempt.id
            attempt.send_waiting(self._take_pending())
        elif in_phase and half is None:
            attempt.give_up_soon()  # as a reply, see `commands`
        else:
            attempt.give_up()

    def moves(self, half: Half) -> bool:
        if self._attempts and half is not self.request and self._attempt is None:
            return False  # Its attempt is over.
        return super().moves(half)

    def go_on(self, half: Half) -> None:
        attempt = self._attempt
        if attempt is not None and attempt.waits and half is not self.request:
            attempt.waits = False
            self._reply_broken()
        else:
            super().go_on(half)
