"""One HTTP stream inside a gateway: from its callbacks to the plugin, and from the plugin's commands to ABI calls.

The gateway orders phases, buffers and sends local replies. What a plugin sees follows the rules of
`proxywasm_host.stream`, this project's own host.

What a phase returns stops or continues its own direction. Everything else (`continue_stream`, `send_local_response`)
the gateway carries out when the callback has returned, so it may be asked for in any callback and for any stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from .. import checks, wire
from ..connection_headers import without_connection_headers
from ..core.trailers import Trailers
from ..headers import Headers
from ..replies import FAILED, NO_PLACE, TORN, too_large
from ..text import encode, to_bytes
from ..wire import BodyMode, Command, Hold, LocalReply, LogLevel, Outcome
from .calls import (
    CONTINUE,
    EVERYTHING,
    RESPONSE,
    RESPONSE_HEADERS,
    STOP_ALL,
    STOP_BODY,
    STOP_HEADERS,
    STOP_TAKEN,
    STOP_TRAILERS,
    TRAILERS,
    Gateway,
    status_name,
)
from .half import REQUEST_SIDE, RESPONSE_SIDE, Half
from .injection import HigressInjections, Injections
from .pairs import join_pairs, split_pairs

NO_GRPC_STATUS: Final = -1
PER_TRY_TIMEOUT: Final = "x-envoy-upstream-rq-per-try-timeout-ms"
"""Envoy's router reads and removes it. It ends a try whose response has not begun in time, and never one whose has."""
# Looked up once: reading an enum member is slow, and there may be a chunk for each token of a model.
_SKIP, _BUFFER = BodyMode.SKIP, BodyMode.BUFFER
_PAUSE, _STOP_NO_BUFFER = Hold.PAUSE, Hold.STOP_NO_BUFFER


class StreamRoot(Protocol):
    """The methods of the plugin that a stream calls; `Root` documents them."""

    gateway: Gateway

    @property
    def fail_open(self) -> bool: ...
    def on_request_headers(
        self, context: int, headers: Headers, end_of_stream: bool, /
    ) -> Sequence[Command] | None: ...
    def on_request_body(self, context: int, body: bytes, end_of_stream: bool, /) -> Outcome: ...
    def on_response_headers(
        self, context: int, headers: Headers, end_of_stream: bool, /
    ) -> Sequence[Command] | None: ...
    def on_response_body(self, context: int, body: bytes, end_of_stream: bool, /) -> Outcome: ...

    on_trailers: tuple[Callable[[int, Trailers], Outcome] | None, ...]
    unread: tuple[int, ...]

    def on_done(self, context: int, /) -> Sequence[Command] | None: ...
    def carry_out(self, commands: Sequence[Command], stream: Any, half: Half | None) -> None: ...
    def after_commands(self, function: Callable[[], None]) -> None: ...
    def soon(self, function: Callable[[], None]) -> None: ...
    def log(self, level: LogLevel, context: int, message: str) -> None: ...
    def report(self, context: int, message: str) -> None: ...
    def message(self, error: BaseException, /) -> str: ...


Root = TypeVar("Root", bound=StreamRoot)


class Stream(Generic[Root]):
    """One stream. Each phase returns the gateway's next action for its direction."""

    __slots__ = (
        "_abi", "_answered", "_bypassed", "_gateway", "_superseded", "closed", "id", "request", "response", "root",
        "taken",
    )  # fmt: skip

    def __init__(self, root: Root, context: int) -> None:
        self.id = context
        self.root = root
        self.request = Half(REQUEST_SIDE, context, root.on_request_headers, root.on_request_body)
        self.response = Half(RESPONSE_SIDE, context, root.on_response_headers, root.on_response_body)
        self._gateway = gateway = root.gateway
        self._abi = gateway.abi
        self._answered = False  # by a local reply; the gateway takes no second one
        self._superseded = False  # the local reply is sent instead of a response that had arrived
        self._bypassed = False  # the plugin failed in this stream and is not asked again
        self.closed = False
        """The stream is over."""
        self.taken: Injections | HigressInjections | None = None

    # Phases.

    def headers(self, half: Half, fields: bytes, end_of_stream: bool) -> int:
        """`fields` are as `field_text.join_fields` has them."""
        half.arrived = half.holds_headers = True
        half.ended = half.without_body = end_of_stream
        if self._bypassed:
            return CONTINUE
        headers = Headers(fields.decode("utf-8", "surrogateescape"))  # as `text.to_text`
        try:
            outcome = half.on_headers(self.id, headers, end_of_stream)
            if outcome is not None:
                self.root.carry_out(outcome, self, half)
        except BaseException as error:
            self.fail(self.root.message(error), half)
        if half.hold is None:
            half.holds_headers = False
            return CONTINUE if half.mode is not _SKIP else self.root.unread[half.number]
        action = STOP_ALL if half.hold is _PAUSE else STOP_HEADERS
        half.hold = None
        half.stopped = True
        return action

    def body(self, half: Half, size: int, end_of_stream: bool) -> int:
        """`size` is that of the chunk, or, while a body is being collected, of all that is there."""
        half.ended = end_of_stream
        mode = half.mode
        if mode is _SKIP:
            return self._leave(half, CONTINUE) if half.stopped or half.buffering else CONTINUE
        if mode is _BUFFER:
            if half.limit is not None and size + len(half.kept) > half.limit:
                self._too_large(half, half.limit)
                return self._leave(half, CONTINUE)
            if not end_of_stream:
                half.collecting = True
                return self._leave(half, STOP_BODY)
        data = (self._abi.get_buffer_bytes(half.body_kind, 0, size) or b"") if size else b""
        if half.batch is not None:
            if not end_of_stream and half.batch.keep(data):
                return self._leave(half, CONTINUE) if half.stopped or half.buffering else CONTINUE
            data = half.batch.taken(data)
        return self._ask(half, data, end_of_stream)

    def trailers(self, half: Half) -> int:
        """Trailers are the end of the stream; body phases before them said that more follows."""
        if half.ended or half.mode is _SKIP:
            half.ended = True
            action = self._leave(half, CONTINUE)
        else:
            half.ended = True
            data = self._abi.get_buffer_bytes(half.body_kind, 0, EVERYTHING) if half.collecting else None
            if half.batch is not None:
                data = half.batch.taken()
            action = self._ask(half, data or b"", True)
        half.trailers_wait = True
        return CONTINUE if action == CONTINUE and self._show_trailers(half) else STOP_TRAILERS

    def _show_trailers(self, half: Half) -> bool:
        """Show the trailers after the end of the body. Returns whether they and everything before them can be sent."""
        half.trailers_wait = False
        on_trailers = self.root.on_trailers[half.number]
        if on_trailers is None or self._bypassed or self.closed:
            return True
        if self._gateway.here != half.context:
            self._gateway.enter(half.context)
        trailers = Trailers(split_pairs(self._abi.get_header_map_pairs(half.map_kind + TRAILERS)))
        try:
            outcome = on_trailers(self.id, trailers)
            if outcome is not None:
                assert not isinstance(outcome, bytes), "only body phases answer with a body"
                self.root.carry_out(outcome, self, half)
        except BaseException as error:
            self.fail(self.root.message(error), half)
        half.stopped = half.hold is not None
        half.hold = None
        return not half.stopped

    def close(self) -> None:
        """The stream is over, however it ended. Called once."""
        self.closed = True
        for half in (self.request, self.response):
            if half.batch is not None and not self._bypassed and (data := half.batch.taken()):
                self._tell(half.on_body, data, False)
        self._tell(self.root.on_done)

    def _tell(self, event: Callable[..., Outcome], *arguments: Any) -> None:
        """Call the plugin for a stream that is over."""
        try:
            outcome = event(self.id, *arguments)
            if outcome is not None and not isinstance(outcome, bytes):
                self.root.carry_out(outcome, self, None)
        except BaseException as error:
            self.root.report(self.id, self.root.message(error))

    def _ask(self, half: Half, data: bytes, end_of_stream: bool) -> int:
        """Give the plugin a chunk, or the whole body."""
        half.collecting = False
        if half.kept:
            data, half.kept = half.kept + data, b""
            self.set_body(half, data)
        try:
            outcome: Outcome = half.on_body(self.id, data, end_of_stream)
            if outcome is None:
                return self._leave(half, CONTINUE) if half.stopped or half.buffering else CONTINUE
            if isinstance(outcome, bytes):
                self.set_body(half, outcome)
                return self._leave(half, CONTINUE if half.hold is None else STOP_BODY)
            self.root.carry_out(outcome, self, half)
        except BaseException as error:
            half.hold = None
            self.fail(self.root.message(error), half)
        if self._bypassed and half is self.response and half.mode is _BUFFER:  # its own reply is rewritten
            self.set_body(half, FAILED.body)
            half.mode = _SKIP
        if half.hold is _STOP_NO_BUFFER and self.taken:
            return self._leave(half, self.taken.leave())
        return self._leave(half, CONTINUE if half.hold is None else STOP_BODY)

    def _leave(self, half: Half, action: int) -> int:
        """The end of a body phase, or of trailers."""
        half.hold = None
        if action == CONTINUE:
            if half is self.response and self.taken and self.taken.open:
                self.taken = None  # The gateway sends this chunk: the plugin has taken others only to keep the headers.
            if half.buffering and not half.stopped:
                # It has been resumed outside of a body phase, and what this phase lets pass is in the gateway's buffer.
                # Envoy 1.36 would leave it there, as it goes on already. Stopped like this it forgets its buffering.
                action = STOP_TAKEN
                half.passing = True
                self.root.soon(self._pass_on)
            else:
                half.passing = half.holds_headers = False
        half.buffering = action == STOP_BODY
        half.stopped = action != CONTINUE
        return action

    def _pass_on(self) -> None:
        """Outside of a body phase: send what body phases have let pass."""
        for half in (self.request, self.response):
            if half.passing and self.moves(half):
                if half.ended and half is self.response and self.taken and self.taken.open:
                    continue  # To continue now would end the response.
                self.go_on(half)

    def moves(self, half: Half) -> bool:
        """Whether the gateway can be told to continue this direction."""
        return not self.closed and not (self._answered if half is self.request else self._superseded)

    def go_on(self, half: Half) -> None:
        if half.trailers_wait and not (self._show_trailers(half) and self.moves(half)):
            return
        half.stopped = half.passing = half.holds_headers = False
        self._gateway.enter(half.context)
        self._abi.continue_stream(half.number)

    # What commands ask for; which asks for what is in `commands`.

    def take(self) -> Injections | HigressInjections:
        """From now on the plugin takes the chunks of the response."""
        if self.taken is None:
            self.taken = (HigressInjections if self._gateway.redis else Injections)(self)
        return self.taken

    def raise_limit(self, name: bytes, limit: int) -> None:
        """Only Higress lets a plugin raise the gateway's own limit of a body, by a property."""
        self._gateway.enter(self.id)
        self._abi.set_property(name, str(limit).encode())

    def edit(self, half: Half, edits: wire.FieldEdits) -> None:
        # To read the whole map, edit it here and write it back starts at 40 us.
        if self._gateway.here != half.context:
            self._gateway.enter(half.context)
        if status := self._abi.edit_header_map(half.map_kind, to_bytes("\0".join(edits))):
            self._not_edited(f"{half.name} headers", status, edits)

    def edit_trailers(self, half: Half, edits: wire.FieldEdits) -> None:
        self._gateway.enter(half.context)
        if status := self._abi.edit_header_map(half.map_kind + TRAILERS, to_bytes("\0".join(edits))):
            self._not_edited(f"{half.name} trailers", status, edits)

    def _not_edited(self, what: str, status: int, edits: wire.FieldEdits) -> None:
        names = ", ".join(dict.fromkeys(name[1:] for name in edits[::2]))
        self.log(f"not all {what} could be changed ({status_name(status)}): {names}")

    def set_body(self, half: Half, body: bytes) -> None:
        """Replace what the gateway has in its buffer for this phase, or has kept there."""
        if type(body) is not bytes:
            body = checks.data(body, "a body")  # Would trap, and not raise.
        if self._gateway.here != half.context:
            self._gateway.enter(half.context)
        if self._abi.set_buffer_bytes(half.body_kind, 0, EVERYTHING, body) and body:
            # So it is when trailers arrive, for a streamed body, whose last chunk is gone, or for one without any data.
            if half.stopped:
                self._send_without_buffer(half, body)
            else:
                self.no_place(half, len(body))

    def _send_without_buffer(self, half: Half, body: bytes) -> None:
        """The headers are still held, so the client can get everything in one reply. A request cannot."""
        if half is not self.response:
            self.log(f"the request is refused: there is no place for the {len(body)} bytes of its body")
            self.reply(NO_PLACE)
            return
        fields = split_pairs(self._abi.get_header_map_pairs(half.map_kind))
        status = next((value for name, value in fields if name == ":status"), "200")
        rest = [field for field in fields if not field[0].startswith(":")]
        self.reply(LocalReply(int(status), without_connection_headers(rest), body, "proxywasm.body_before_trailers"))

    def no_place(self, half: Half, size: int) -> None:
        self.log(f"the {half.name} is broken off: there is no place for the {size} bytes of its end")
        self._break_off(half)

    def resume(self, half: Half, running: Half | None) -> None:
        if half is running:
            half.hold = None
        elif half.stopped and self.moves(half):
            self._continue(half)

    def _continue(self, half: Half) -> None:
        self._gateway.enter(half.context)
        if half.collecting:
            # The headers are sent. The collected part of the body is not: the plugin has yet to see it.
            half.kept += self._abi.get_buffer_bytes(half.body_kind, 0, EVERYTHING) or b""
            half.collecting = False
            self._abi.set_buffer_bytes(half.body_kind, 0, EVERYTHING, b"")
        self.go_on(half)

    def limit_first_byte(self, milliseconds: int) -> None:
        """The time from the end of the request to the headers of its response."""
        self.edit(self.request, [f"={PER_TRY_TIMEOUT}", str(milliseconds)])

    def send_again(self, request: wire.NewRequest, half: Half | None, *, in_phase: bool) -> None:
        """`half` is the direction whose phase is being answered, `in_phase` says whether that of any stream is."""
        del request, half, in_phase
        # The SDK refuses it where the author asks for it, so a plugin has made this command without it.
        self.log("the request is not sent again: this gateway sends each request once")

    # Replies and failures.

    def reply(self, reply: LocalReply) -> None:
        if self.closed:
            return
        if self._answered:
            self.log(f"a second local reply ({reply.status}) was given in vain")
            return
        # What does not fit would trap, and not raise.
        status = checks.number(reply.status, "the status of a reply", 0, checks.MAX_U32)
        body = checks.data(reply.body, "the body of a reply")
        self._answered = True
        if self.response.arrived:
            # The gateway sends it past the plugin, or breaks the response off if its headers have gone.
            self._superseded = True
            self.response.mode = _SKIP
        # In the stream of the gateway that has the response; if none has arrived, in that of the request.
        self._gateway.enter(self.response.context if self.response.arrived else self.id)
        self._abi.send_local_response(status, encode(reply.details), body, join_pairs(reply.headers), NO_GRPC_STATUS)

    def _reply_instead(self, reply: LocalReply, half: Half | None) -> None:
        """A reply because of a failure. If the answer on its way is a local reply already, that one is rewritten."""
        response = self.response
        if not self._answered:
            self.reply(reply)
            return
        self._gateway.enter(response.context)
        if not response.holds_headers:
            self._break_off(response)
            return
        # Where there has never been a body, the gateway takes none: the client would wait for it.
        body = b"" if response.without_body else reply.body
        fields = [(":status", str(reply.status)), *reply.headers, ("content-length", str(len(body)))]
        if self._abi.set_header_map_pairs(RESPONSE_HEADERS, join_pairs(fields)):
            self._break_off(response)
            return
        response.mode = _BUFFER
        response.limit = None
        response.on_body = lambda _context, _body, _end: body
        if half is not response and response.stopped and self.moves(response):
            if response.ended and not response.without_body:  # No body phase follows.
                self._abi.set_buffer_bytes(response.body_kind, 0, EVERYTHING, body)
            self.go_on(response)

    def _break_off(self, half: Half) -> None:
        """So that the other side notices. Not at once: Envoy 1.40 crashes when a stream is closed inside a phase."""
        half.hold = _PAUSE
        self.root.soon(self._close_gateway_stream)

    def _close_gateway_stream(self) -> None:
        if not self.closed:
            self._gateway.enter(self.id)
            self._abi.close_stream(RESPONSE)

    def _too_large(self, half: Half, limit: int) -> None:
        if half is self.response and self._plugin_answers():
            return
        reply = too_large(half.name, limit)
        self.log(reply.body.decode(), LogLevel.WARN)
        half.mode = _SKIP
        self._reply_instead(reply, half)

    def _plugin_answers(self) -> bool:
        """The plugin may say what the client gets instead of a response that is too large. False: it did not."""
        try:
            outcome = self.response.on_body(self.id, b"", False)
            if outcome is not None and not isinstance(outcome, bytes):
                self.root.carry_out(outcome, self, self.response)
        except BaseException as error:
            self.fail(self.root.message(error), self.response)
            return True
        return self._answered

    def leave(self, running: Half | None) -> None:
        """The plugin has nothing more to do in this stream: everything passes it. Its dispatcher knows whether it is
        told the end."""
        self._bypassed = True
        self._bypass(self.request, running)
        self._bypass(self.response, running)

    def fail(self, message: str, half: Half | None = None) -> None:
        """The plugin raised while it dealt with this stream; `half` is the direction whose phase is being answered.

        Fail open: the stream passes as it is. Fail closed: the client gets a 500.
        """
        self.root.report(self.id, message)
        self._bypassed = True
        response = self.response
        if self.taken and self.taken.open:
            self._reply_instead(TORN, half)
        elif self.taken:
            # The plugin has ended the response, and what the upstream sends after its end is still to be dropped.
            self._bypass(self.request, half)
        elif self.root.fail_open:
            self._bypass(self.request, half)
            self._bypass(response, half)
        elif not response.arrived or not response.ended or response.stopped or half is response:
            self.request.mode = response.mode = _SKIP
            self._reply_instead(FAILED, half)

    def _bypass(self, half: Half, running: Half | None) -> None:
        """Let it pass, with what has been collected."""
        half.mode = _SKIP
        if half is running:
            half.hold = None
        elif (half.stopped or half.kept) and self.moves(half):
            self._gateway.enter(half.context)
            if half.kept:
                self._abi.set_buffer_bytes(half.body_kind, 0, 0, half.kept)
                half.kept = b""
            half.collecting = False
            self.go_on(half)

    def log(self, message: str, level: LogLevel = LogLevel.ERROR) -> None:
        self.root.log(level, self.id, message)
