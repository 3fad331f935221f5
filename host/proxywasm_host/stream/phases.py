"""The phases of a stream: calls of the plugin, its replies and failures, and what is sent because of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxywasm.replies import FAILED, TORN, too_large
from proxywasm.text import encode
from proxywasm.wire import (
    BodyMode,
    Fields,
    Hold,
    Injection,
    LocalReply,
    LogLevel,
    Outcome,
    PluginFailure,
    ProgramLost,
)

from .again import Again
from .answer_bounds import answer_refusal
from .exchange import reply_fields
from .field_rules import Checked
from .half import Half
from .limits import fields_size
from .states import PARTS, Arrival, Departure, Ending, Happening, Part, Piece, Tail

# Looked up once: reading an enum member is slow, and there may be a chunk for each token of a model.
_HEADERS, _ONLY_HEADERS, _LAST_CHUNK = Piece.HEADERS, Piece.ONLY_HEADERS, Piece.LAST_CHUNK
_HEADERS_ARRIVED, _ONLY_HEADERS_ARRIVED, _ALL_ARRIVED = Arrival.HEADERS, Arrival.ONLY_HEADERS, Arrival.ENDED
_NOTHING_SENT, _DROPPED = Departure.NOTHING, Departure.DROPPED
_MORE, _LAST, _TRAILERS_FOLLOW = Ending.MORE, Ending.LAST, Ending.TRAILERS
_ABSENT, _DUE, _SHOWN = Tail.ABSENT, Tail.DUE, Tail.SHOWN
_ASKED, _FAILED, _OVER = Part.ASKED, Part.FAILED, Part.OVER
_CALL, _FAIL, _REST, _LEAVE = Happening.CALL, Happening.FAIL, Happening.REST, Happening.LEAVE
_SKIP, _BUFFER = BodyMode.SKIP, BodyMode.BUFFER
_PAUSE, _STOP_ITERATION = Hold.PAUSE, Hold.STOP_ITERATION


class Phases(Again):
    """The part of a stream that deals with its plugin; `Stream` is the rest."""

    def expire(self, since: int) -> None:
        """Give up if a direction has been waiting from before this time on, and no call-out is under way."""
        if self.part is _FAILED or self.services.waits(self.id):
            return
        for half in (self.request, self.response):
            if half.waiting and half.paused_since <= since:
                self.fail(f"the {half.name} is paused, and nothing has resumed it in time")
                return

    # Phases.

    def begin_response(self, checked: Checked, details: str) -> None:
        self.details = details
        self.services.note_property(self.id, ("response", "code_details"), encode(details))
        self.run_headers(self.response, self.owner.program.on_response_headers, checked)

    def run_headers(self, half: Half, call: Callable[[int, Fields, bool], Outcome], checked: Checked) -> None:
        half.headers(checked)
        alone = half.arrival is _ONLY_HEADERS_ARRIVED
        if refusal := half.fields_refusal(self.limits):
            self.refuse_size_of_fields(half, refusal)
            return
        self.ask(half, call, self.id, checked.fields, alone)
        if half.hold is None or (alone and half.hold is _STOP_ITERATION):
            self._send(half)  # a message without body has nothing else that would release its headers

    def deal_with(self, half: Half, data: bytes, ending: Ending) -> None:
        """Give a chunk to the plugin, or keep it while the plugin pauses."""
        if half.hold is not _PAUSE:
            self.chunk(half, data, ending)
        elif not half.enqueue(data, ending):
            self._refuse_size(half)

    def chunk(self, half: Half, data: bytes, ending: Ending) -> None:
        if half.mode is _BUFFER:
            if not half.collect(data):
                self._too_large(half)
                return
            if ending is _MORE:
                return
            data = half.collected()
        half.body, half.body_ends = data, ending is _LAST
        if ending is _TRAILERS_FOLLOW:
            half.tail = _DUE
        if half.batch is not None:
            if ending is not _MORE or not half.batch.keep(data):
                self.ask(half, half.on_body, self.id, half.batch.taken(data), ending is not _MORE)
        elif half.mode is not _SKIP:
            self.ask(half, half.on_body, self.id, data, ending is not _MORE)
        if half.hold is _PAUSE or half.body is None:
            return
        # A body phase that neither pauses nor takes the chunk releases headers that waited for it.
        half.taken = False
        self._send(half)

    def _too_large(self, half: Half) -> None:
        """A plugin may answer itself when a response is too large; a refused request is a response that it sees."""
        if half is self.response and self.part is _ASKED:
            self.ask(half, half.on_body, self.id, b"", False)
            if self.part is not _ASKED or half.done:
                return
        self._refuse_size(half)

    def _refuse_size(self, half: Half) -> None:
        """Answer because more of a body has arrived than may be buffered."""
        answer = too_large(half.name, half.limit)
        self.log(answer.body.decode(), LogLevel.WARN)
        if half is self.request:
            self.reply(answer)
        else:
            self.reply_now(answer)

    def _send(self, half: Half) -> None:
        """Send what is in hand, and the trailers after the body."""
        passed = half.flush(self.events)
        if not passed:
            self.break_off(half)
        if self.events:  # as `note`, for each chunk
            if self._pass_on is None:
                self._ready[self] = None
            else:
                self._pass_on()
        if not passed or half.tail is _ABSENT or half.taken:
            return
        if half.tail is _DUE:
            half.tail = _SHOWN
            if half.reads_trailers:
                self.ask(half, half.on_trailers, self.id, half.trailers)
                if half.hold is _PAUSE:
                    return
        if half.tail is _SHOWN:
            half.flush_trailers(self.events)
            self.note()

    def response_broken(self, reply: LocalReply) -> None:
        """No more of the upstream's response comes.

        A plugin that still holds all of it may send another request, or answer; otherwise the client gets this reply.
        """
        half = self.response
        holds = half.arrival is _HEADERS_ARRIVED and half.departure is _NOTHING_SENT
        if self.part is not _ASKED or not holds or self.broken is not None:
            self.pass_break(reply)
            return
        self.broken = reply
        self.details = reply.details
        self.services.note_property(self.id, ("response", "code_details"), encode(reply.details))
        half.hold = half.body = None
        self.ask(half, self.owner.program.on_response_broken, self.id)
        if self.broken is reply and half.hold is not _PAUSE and half.departure is _NOTHING_SENT:
            self.pass_break(reply)

    # The plugin.

    def ask(self, half: Half | None, call: Callable[..., Outcome], *args: Any) -> None:
        """Call the plugin and carry out its commands, or handle its failure."""
        if (self.part is not _ASKED and not self._begins(half)) or self.owner.lost:
            return
        try:
            outcome = call(*args)
        except PluginFailure as failure:
            self.fail(str(failure))
        except ProgramLost as lost:
            self.owner.lose(str(lost))
        else:
            if outcome is None:
                return
            body = outcome if isinstance(outcome, bytes) and len(outcome) <= self.limits.answer else None
            if body is not None and half is not None and half.body is not None:
                half.body, half.changed = body, True  # as `put`, for each chunk
                return
            if not self.owner.has_bounded_answers and (refusal := answer_refusal(outcome, self.limits)):
                self.fail(refusal)
            elif isinstance(outcome, bytes):
                if half is None or half.body is None:
                    self.log("the plugin answered with a body, which has no meaning in this phase")
                else:
                    half.put(outcome)
            else:
                self.owner.carry_out(outcome, self, half)

    def _begins(self, half: Half | None) -> bool:
        """Whether the plugin is to be called: for the first time in this stream, or for the last, at its end."""
        if self.part is _OVER:
            return half is None
        self.part = PARTS[self.part][_CALL]
        return self.part is _ASKED

    def let_plugin_go(self, running: Half | None, *, until_end: bool) -> None:
        """The plugin has nothing more to do in this stream; what it holds back goes on. `running`: the direction whose
        phase is being answered."""
        self.happens(_REST if until_end else _LEAVE)
        for half in (self.request, self.response):
            half.reads_trailers = False
            half.release()
            if half is not running and half.hold is not None:
                self.resume(half)

    def fail(self, message: str) -> None:
        """The plugin raised while it dealt with this stream."""
        self.log(message)
        self.give_up()

    def give_up(self) -> None:
        """Go on without the plugin. Fail open: the stream passes as it is. Fail closed: the client gets a 500."""
        self.happens(_FAIL)
        if self.part is _OVER:
            return
        if self.response.taken:
            # The chunks that the plugin has taken are lost, so the client would get an incomplete response.
            self.reply_now(TORN)
        elif self.owner.fail_open:
            for half in (self.request, self.response):
                half.release()
                self.resume(half)
        elif not self.response.done:
            self.reply_now(FAILED)

    # What commands ask for; which asks for what is in `commands`.

    def resume(self, half: Half) -> None:
        if self.broken is not None and half is self.response:
            self.pass_break(self.broken)
            return
        if half.taken and half.ended and half.body is None:
            half.finish()
        self._send(half)
        if half.draining:
            return  # The plugin resumes in each chunk that it is given below.
        half.draining = True
        try:
            while chunk := half.dequeue():
                self.chunk(half, *chunk)
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
                half.arrival = _ALL_ARRIVED
                self.end_response()  # the rest of the upstream's response is of no interest
        half.body, half.body_ends = injection.body, injection.end_of_stream and half.tail is _ABSENT
        self._send(half)

    def answer(self, reply: LocalReply) -> None:
        response = self.response
        response.arrive(_HEADERS if reply.body else _ONLY_HEADERS)
        fields = reply_fields(reply)
        self.begin_response(Checked(fields, dict(fields), fields_size(fields)), reply.details)
        # The plugin may have failed, and the client have got something else.
        if reply.body and not response.ended and response.departure is not _DROPPED:
            response.arrive(_LAST_CHUNK)
            self.deal_with(response, reply.body, _LAST)
