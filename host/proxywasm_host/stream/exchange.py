"""The two messages of a stream, without the plugin: sending them, and the answers to failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from proxywasm.connection_headers import without_connection_headers
from proxywasm.framing import has_no_body
from proxywasm.replies import FAILED, STATUSES, malformed
from proxywasm.wire import Command, Fields, LocalReply, LogLevel, Program

from ..services import HostServices, Properties
from .events import REQUEST, RESPONSE, CloseUpstream, Event, Reset
from .half import Half
from .limits import Limits
from .ready import Ready
from .states import Departure


class Owner(Protocol):
    """What a stream needs of what has opened it: a `Runner`."""

    program: Program
    services: HostServices
    fail_open: bool
    lost: bool
    has_bounded_answers: bool
    """The program itself makes sure that its answers are within the limits."""

    def carry_out(self, commands: Sequence[Command], stream: Any, half: Half | None) -> None: ...

    def lose(self, reason: str) -> None: ...

    def forget(self, stream: Any) -> None: ...

    def open(self, properties: Properties | None = None) -> Any: ...


class Exchange:
    """A request and its response."""

    def __init__(self, owner: Owner, context: int, limits: Limits, ready: Ready[Any]) -> None:
        self.owner = owner
        self.id = context
        self.local_reply: LocalReply | None = None
        self.services = owner.services
        self.limits = limits
        self.request, self.response = self.halves()
        self.events: list[Event] = []
        self._ready = ready

    def halves(self) -> tuple[Half, Half]:
        """A request and a response of which nothing has arrived."""
        program, limits = self.owner.program, self.limits
        most = limits.asked_body
        return (
            Half(REQUEST, limits.request_body, most, program.on_request_body, program.on_request_trailers),
            Half(RESPONSE, limits.response_body, most, program.on_response_body, program.on_response_trailers),
        )

    def take(self) -> list[Event]:
        """The events to send since the last call."""
        events, self.events = self.events, []
        self._ready.pop(self, None)
        return events

    def note(self) -> None:
        """Something may have been added to `events`."""
        if self.events:
            self._ready[self] = None

    @property
    def properties(self) -> Properties:
        """Those of the stream, which is open."""
        return self.services.properties_of(self.id)

    def log(self, message: str, level: LogLevel = LogLevel.ERROR) -> None:
        self.services.log(level, self.id, message)

    def flush(self, half: Half) -> bool:
        """Send the headers and the body in hand. False: that was impossible, and the message has been broken off."""
        passed = half.flush(self.events)
        if not passed:
            self.break_off(half)
        self.note()
        return passed

    def drop_request(self) -> None:
        """The client is answered without the upstream, or without the rest of its response."""
        if self.request.drop():
            self.events.append(CloseUpstream())
            self.note()

    def reply_now(self, reply: LocalReply) -> None:
        """Answer without asking the plugin any more; too late for that once response headers have been sent."""
        self.local_reply = reply
        self.drop_request()
        if self.response.departure is Departure.NOTHING:
            self.response.replace(reply_fields(reply), reply.body)
            self.flush(self.response)
        else:
            self.response.cut()
            self.events.append(Reset(reply.details or "local reply after the response headers"))
            self.note()

    def break_off(self, half: Half) -> None:
        """A message that was begun cannot be finished: the receiver must not wait for the rest or take it for
        complete."""
        self.log(f"the {half.name} is broken off: its body has another length than its headers have announced")
        if self.response.done:
            self.drop_request()
        else:
            self.reply_now(FAILED)

    def refuse_fields(self, half: Half, what: str, reason: str) -> None:
        """An invalid message has arrived. The plugin is not called, as in Envoy, whose filters never see such
        messages."""
        self.log(f"the {half.name} {what} are malformed: {reason}", LogLevel.WARN)
        self.reply_now(malformed(half.name))

    def refuse_size_of_fields(self, half: Half, refusal: str) -> None:
        """The header fields exceed the limit. The plugin is not called."""
        self.log(f"the {half.name} has {refusal}", LogLevel.WARN)
        status = 431 if half is self.request else 502
        message = f"the header fields of the {half.name} are too large"
        details = f"{half.name}_headers_too_large"
        self.reply_now(LocalReply(status, [("content-type", "text/plain")], message.encode(), details))


def sendable(reply: LocalReply) -> LocalReply:
    """The reply as it can be sent: a plugin that does not use the SDK may ask for anything."""
    if reply.status not in STATUSES:
        return FAILED
    if reply.body and has_no_body(str(reply.status)):
        return replace(reply, body=b"")
    return reply


def reply_fields(reply: LocalReply) -> Fields:
    """The headers of a reply. The length comes from the body, not from the plugin."""
    return [(":status", str(reply.status)), *without_connection_headers(reply.headers)]
