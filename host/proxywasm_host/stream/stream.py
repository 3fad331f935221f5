"""One HTTP stream: the order of its phases, what the plugin says to each, local replies, and failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from proxywasm.replies import FAILED, TORN, too_large
from proxywasm.text import encode, to_bytes
from proxywasm.wire import (
    BodyMode,
    Command,
    Fields,
    Hold,
    Injection,
    LocalReply,
    LogLevel,
    Outcome,
    PluginFailure,
    Program,
    ProgramLost,
)

from ..services import HostServices
from .exchange import reply_fields
from .field_rules import RECEIVED_REQUEST, RECEIVED_RESPONSE, RECEIVED_TRAILERS
from .half import Half
from .limits import Limits
from .link import Link
from .ready import Ready
from .states import Arrival, Departure, Ending, Happening, Part, Piece, SequenceError, Tail


class Owner(Protocol):
    """What a stream needs of what has opened it: a `Runner`."""

    program: Program
    services: HostServices
    fail_open: bool
    lost: bool

    def carry_out(self, commands: Sequence[Command], stream: Stream | None, half: Half | None) -> None: ...

    def lose(self, reason: str) -> None: ...

    def forget(self, stream: Stream) -> None: ...


class Stream(Link):
    """One HTTP stream. Created by `Runner.open`.

    Feed it with `request_headers`, `request_body`, `request_trailers`, `informational_response`, `response_headers`,
    `response_body`, `response_trailers` as they arrive and `close` at the end, however the stream ended. After each
    call send what `take` returns, here and for the other streams of `Runner.ready`. What no HTTP message allows in its
    place raises `SequenceError`.

    Attributes:
        id: the number of its context.
        local_reply: what the client gets instead of the upstream's response, if it does.

    The others are for this package:

        request, response: the two directions.
        events: what is to be sent.
        limits: what it may use.
    """

    def __init__(self, owner: Owner, context: int, limits: Limits, ready: Ready[Any]) -> None:
        super().__init__(context, owner.program, owner.services, limits, ready)
        self._owner = owner

    # What arrives.

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        if not self._arrives(self.request, Piece.ONLY_HEADERS if end_of_stream else Piece.HEADERS):
            return  # the instance was lost before they came
        try:
            fields = RECEIVED_REQUEST.fields(fields)
        except ValueError as error:
            self.refuse_fields(self.request, "headers", str(error))
            return
        for name, value in fields:
            if name == "x-request-id":
                # As the original wrapper does: log lines of all plugins carry this property.
                self.services.note_property(self.id, ("x_request_id",), to_bytes(value))
                break
        self.response.to_head = (":method", "HEAD") in fields
        self._headers(self.request, self._owner.program.on_request_headers, fields)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self._body(self.request, data, end_of_stream)

    def request_trailers(self, fields: Fields) -> None:
        self._trailers(self.request, fields)

    def informational_response(self, fields: Fields) -> None:
        """Status 100, 102 or 103, ahead of the response. It goes on at once, and the plugin does not see it."""
        if not self._arrives(self.response, Piece.INFORMATIONAL):
            return
        try:
            fields = RECEIVED_RESPONSE.informational(fields)
        except ValueError as error:
            self.log(f"an informational response is malformed: {error}", LogLevel.WARN)
            return
        self.response.inform(fields, self.events)
        self.note()

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = "via_upstream") -> None:
        """`details` says where the response comes from, as `response.code_details`, if not from the upstream."""
        if not self._arrives(self.response, Piece.ONLY_HEADERS if end_of_stream else Piece.HEADERS):
            return
        try:
            fields = RECEIVED_RESPONSE.fields(fields)
        except ValueError as error:
            self.refuse_fields(self.response, "headers", str(error))
            return
        self._begin_response(fields, details)

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        self._body(self.response, data, end_of_stream)

    def response_trailers(self, fields: Fields) -> None:
        self._trailers(self.response, fields)

    def close(self) -> None:
        """The stream is over: answered, or given up by client or upstream. Its last events stay to be taken."""
        if self.part is Part.OVER:
            return
        part = self.part
        self.happens(Happening.CLOSE)
        self.request.arrival = self.response.arrival = Arrival.CLOSED
        if part in (Part.ASKED, Part.FAILED):  # a plugin that failed in this stream still has to forget it
            self._ask(None, self._owner.program.on_done, self.id)
        self._ready.discard(self)
        self._owner.forget(self)

    def _arrives(self, half: Half, piece: Piece) -> bool:
        """Whether anybody wants it. Raises `SequenceError`."""
        if half is self.response and half.arrival is not Arrival.CLOSED:
            if self.request.departure is Departure.DROPPED and self is self.chain[-1]:
                return False  # the client is answered already: the upstream's response is of no interest
            if self.request.arrival is Arrival.NOTHING:
                raise SequenceError("a response before the request headers")
        half.arrive(piece)
        return half.departure is not Departure.DROPPED

    # What is to be sent.

    @property
    def request_done(self) -> bool:
        """Nothing more will be sent upstream."""
        return self.request.done

    @property
    def response_done(self) -> bool:
        """Nothing more will be sent to the client."""
        return self.response.done

    @property
    def request_paused(self) -> bool:
        """The request waits for the plugin to resume it."""
        return self.request.hold is Hold.PAUSE and self.request.departure is not Departure.DROPPED

    @property
    def response_paused(self) -> bool:
        """The response waits for the plugin to resume it."""
        return self.response.hold is Hold.PAUSE and self.response.departure is not Departure.DROPPED

    def expire(self, since: int) -> None:
        """Give up if a direction has been waiting from before this time on, and no call-out is under way."""
        if self.part is Part.FAILED or self.services.waits(self.id):
            return
        for half in (self.request, self.response):
            if half.waiting and half.paused_since <= since:
                self.fail(f"the {half.name} is paused, and nothing has resumed it in time")
                return

    # Phases.

    def _begin_response(self, fields: Fields, details: str) -> None:
        self.details = details
        self.services.note_property(self.id, ("response", "code_details"), encode(details))
        self._headers(self.response, self._owner.program.on_response_headers, fields)

    def _headers(self, half: Half, call: Callable[[int, Fields, bool], Outcome], fields: Fields) -> None:
        half.headers(fields)
        alone = half.arrival is Arrival.ONLY_HEADERS
        if refusal := half.fields_refusal(self.limits):
            self.refuse_size_of_fields(half, refusal)
            return
        self._ask(half, call, self.id, fields, alone)
        if half.hold is None or (alone and half.hold is Hold.STOP_ITERATION):
            self._send(half)  # a message without body has nothing else that would release its headers

    def _body(self, half: Half, data: bytes, end_of_stream: bool) -> None:
        if self._arrives(half, Piece.LAST_CHUNK if end_of_stream else Piece.CHUNK):
            self._deal_with(half, data, Ending.LAST if end_of_stream else Ending.MORE)

    def _trailers(self, half: Half, fields: Fields) -> None:
        if not self._arrives(half, Piece.TRAILERS):
            return
        try:
            half.trailers = RECEIVED_TRAILERS.fields(fields)
        except ValueError as error:
            self.refuse_fields(half, "trailers", str(error))
            return
        if refusal := half.trailers_refusal(self.limits):
            self.refuse_size_of_fields(half, refusal)
            return
        self._deal_with(half, b"", Ending.TRAILERS)

    def _deal_with(self, half: Half, data: bytes, ending: Ending) -> None:
        """Give it to the plugin, or keep it until the plugin goes on."""
        if half.hold is not Hold.PAUSE:
            self._chunk(half, data, ending)
        elif not half.enqueue(data, ending):
            self._refuse_size(half)

    def _chunk(self, half: Half, data: bytes, ending: Ending) -> None:
        if half.mode is BodyMode.BUFFER:
            if not half.collect(data):
                self._too_large(half)
                return
            if ending is Ending.MORE:
                return
            data = half.collected()
        half.body, half.body_ends = data, ending is Ending.LAST
        if ending is Ending.TRAILERS:
            half.tail = Tail.DUE
        if half.mode is not BodyMode.SKIP:
            self._ask(half, half.on_body, self.id, data, ending is not Ending.MORE)
        if half.hold is Hold.PAUSE or half.body is None:
            return
        # A body phase that neither pauses nor takes the chunk releases headers that waited for it.
        half.taken = False
        self._send(half)

    def _too_large(self, half: Half) -> None:
        """A plugin may answer itself when a response is too large; a refused request is a response that it sees."""
        if half is self.response and self.part is Part.ASKED:
            self._ask(half, half.on_body, self.id, b"", False)
            if self.part is not Part.ASKED or half.done:
                return
        self._refuse_size(half)

    def _refuse_size(self, half: Half) -> None:
        """More of a body has arrived than may be buffered."""
        answer = too_large(half.name, half.limit)
        self.log(answer.body.decode(), LogLevel.WARN)
        if half is self.request:
            self.reply(answer)
        else:
            self.reply_now(answer)

    def _send(self, half: Half) -> None:
        """What is in hand goes on, and behind the body the trailers."""
        if not self.flush(half) or half.taken:
            return
        if half.tail is Tail.DUE:
            half.tail = Tail.SHOWN
            if half.reads_trailers:
                self._ask(half, half.on_trailers, self.id, half.trailers)
                if half.hold is Hold.PAUSE:
                    return
        if half.tail is Tail.SHOWN:
            half.flush_trailers(self.events)
            self.note()

    # The plugin.

    def _ask(self, half: Half | None, call: Callable[..., Outcome], *args: Any) -> None:
        """Call the plugin and carry out what it asks for; its failure is ours to handle."""
        if self.part not in _CALLED or (self.part is Part.OVER and half is not None) or self._owner.lost:
            return
        self.happens(Happening.CALL)
        try:
            outcome = call(*args)
        except PluginFailure as failure:
            self.fail(str(failure))
        except ProgramLost as lost:
            self._owner.lose(str(lost))
        else:
            if isinstance(outcome, bytes):
                if half is None or half.body is None:
                    self.log("the plugin answered with a body, which has no meaning in this phase")
                else:
                    half.put(outcome)
            elif outcome is not None:
                self._owner.carry_out(outcome, self, half)

    def fail(self, message: str) -> None:
        """The plugin raised while it dealt with this stream."""
        self.log(message)
        self.give_up()

    def give_up(self) -> None:
        """Go on without the plugin. Fail open: the stream passes as it is. Fail closed: the client gets a 500."""
        self.happens(Happening.FAIL)
        if self.part is Part.OVER:
            return
        if self.response.taken:
            # The chunks that the plugin has taken are lost with it: what the client would get has a hole.
            self.reply_now(TORN)
        elif self._owner.fail_open:
            for half in (self.request, self.response):
                half.release()
                self.resume(half)
        elif not self.response.done:
            self.reply_now(FAILED)

    # What commands ask for; which asks for what is in `commands`.

    def resume(self, half: Half) -> None:
        if half.taken and half.ended and half.body is None:
            half.finish()
        self._send(half)
        if half.draining:
            return  # The plugin resumes in each chunk that it is given below.
        half.draining = True
        try:
            while chunk := half.dequeue():
                self._chunk(half, *chunk)
        finally:
            half.draining = False

    def inject(self, injection: Injection) -> None:
        half = self.response
        if not half.taken or half.fields is None:
            self.log("response data was injected in vain: no chunk has been taken, or it has ended")
            return
        if injection.end_of_stream:
            half.taken = False
            if not half.ended:
                half.arrival = Arrival.ENDED
                self.end_response()  # the rest of the upstream's response is of no interest
        half.body, half.body_ends = injection.body, injection.end_of_stream and half.tail is Tail.ABSENT
        self._send(half)

    def answer(self, reply: LocalReply) -> None:
        response = self.response
        response.arrive(Piece.HEADERS if reply.body else Piece.ONLY_HEADERS)
        self._begin_response(reply_fields(reply), reply.details)
        # The plugin may have failed, and the client have got something else.
        if reply.body and not response.ended and response.departure is not Departure.DROPPED:
            response.arrive(Piece.LAST_CHUNK)
            self._deal_with(response, reply.body, Ending.LAST)


_CALLED = frozenset({Part.NEVER, Part.ASKED, Part.OVER})
"""In which the plugin is called; in the last one, for `on_done` alone."""
