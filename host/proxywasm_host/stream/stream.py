"""One HTTP stream: the order of its phases, what the plugin says to each, local replies, and failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from proxywasm.replies import FAILED, TORN
from proxywasm.text import encode, to_bytes
from proxywasm.wire import BodyMode, Fields, Hold, LocalReply, LogLevel, Outcome, PluginFailure, ProgramLost

from .answers import break_off, refuse_header_size, refuse_headers, refuse_size, reply_now
from .events import Event, RequestBody, RequestHeaders, ResponseBody, ResponseHeaders
from .field_rules import RECEIVED_REQUEST, RECEIVED_RESPONSE
from .half import Half, Limits

if TYPE_CHECKING:
    from .runner import Runner


class SequenceError(RuntimeError):
    """The caller fed events in an order that no HTTP stream has."""


class Stream:
    """One HTTP stream. Created by `Runner.open`.

    Feed it with `request_headers`, `request_body`, `response_headers`, `response_body` as they arrive and `close` at
    the end, however the stream ended; after each call (and after every event of its runner) send what `take` returns.

    Attributes:
        id: the number of its context.
        local_reply: what the client gets instead of the upstream's response, if it does.

    The others are for this package:

        request, response: the two directions.
        events: what is to be sent.
        limits: what it may use.
        final: the answer is one that the plugin has no say in any more.
        answered: the plugin has answered itself, or ended the response before the upstream did.
        closed: the stream is over; nothing can be asked for it.
        chain: the same stream in each plugin that it goes through, in the order of requests; alone it has itself.
        on_sent: called when it has something to send; of streams in a chain.
        details: where the response comes from, as `response.code_details`.
    """

    def __init__(self, runner: Runner, context: int, limits: Limits) -> None:
        self.id = context
        self.local_reply: LocalReply | None = None
        self.services = runner.services
        self.limits = limits
        program = runner.program
        most = limits.asked_body
        self.request: Half = Half(
            "request", limits.request_body, most, program.on_request_body, RequestHeaders, RequestBody
        )
        self.response: Half = Half(
            "response", limits.response_body, most, program.on_response_body, ResponseHeaders, ResponseBody
        )
        self.events: list[Event] = []
        self.final = False
        self.answered = False
        self.chain: Sequence[Stream] = (self,)
        self.on_sent: Callable[[], object] | None = None
        self.details = ""
        self._runner = runner
        self._bypassed = False  # the plugin failed in this stream and is not asked again
        self._unseen = False  # the plugin was never asked in this stream
        self.closed = False

    # What arrives.

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        if self.request.fields is not None:
            raise SequenceError("the request headers of this stream have been given already")
        if self.request.dropped:
            return  # its headers were refused, or the instance was lost before they came
        try:
            fields = RECEIVED_REQUEST.fields(fields)
        except ValueError as error:
            refuse_headers(self, self.request, str(error))
            return
        for name, value in fields:
            if name == "x-request-id":
                # As the original wrapper does: log lines of all plugins carry this property.
                self.services.note_property(self.id, ("x_request_id",), to_bytes(value))
                break
        self.response.to_head = (":method", "HEAD") in fields
        self._headers(self.request, self._runner.program.on_request_headers, fields, end_of_stream)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self.body(self.request, data, end_of_stream)

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = "via_upstream") -> None:
        """`details` says where the response comes from, as `response.code_details`, if not from the upstream."""
        if self.request.dropped:
            return  # the client is answered already: the upstream's response is of no interest
        if self.response.fields is not None:
            raise SequenceError("the response headers of this stream have been given already")
        try:
            fields = RECEIVED_RESPONSE.fields(fields)
        except ValueError as error:
            refuse_headers(self, self.response, str(error))
            return
        self.begin_response(fields, end_of_stream, details)

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        if not self.request.dropped:
            self.body(self.response, data, end_of_stream)

    def close(self) -> None:
        """The stream is over: answered, or given up by client or upstream. Its last events stay to be taken."""
        if self.closed:
            return
        self.closed = True
        if self.entered:
            self._bypassed = False  # a plugin that failed in this stream still has to forget it
            self._ask(None, self._runner.program.on_done, self.id)
        self._runner.forget(self)

    def bypass(self) -> None:
        """The plugin is not asked any more in this stream, but for its end."""
        self._bypassed = True
        self.response.mode = BodyMode.SKIP

    def join(self, chain: Sequence[Stream], on_sent: Callable[[], object]) -> None:
        """Become a part of a chain, before anything has arrived."""
        self.chain, self.on_sent = chain, on_sent
        self._runner.chained = True

    @property
    def entered(self) -> bool:
        """The plugin has seen the request headers."""
        return self.request.fields is not None and not self._unseen

    # What is to be sent.

    def take(self) -> list[Event]:
        events, self.events = self.events, []
        return events

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
        return self.request.hold is Hold.PAUSE and not self.request.dropped

    @property
    def response_paused(self) -> bool:
        """The response waits for the plugin to resume it."""
        return self.response.hold is Hold.PAUSE and not self.response.dropped

    def expire(self, since: int) -> None:
        """Give up if a direction has been waiting from before this time on, and no call-out is under way."""
        if self._bypassed or self.services.waits(self.id):
            return
        for half in (self.request, self.response):
            if half.waiting and half.paused_since <= since:
                self.fail(f"the {half.name} is paused, and nothing has resumed it in time")
                return

    # Phases.

    def begin_response(self, fields: Fields, end_of_stream: bool, details: str) -> None:
        self.details = details
        self.services.note_property(self.id, ("response", "code_details"), encode(details))
        self._headers(self.response, self._runner.program.on_response_headers, fields, end_of_stream)

    def _headers(
        self, half: Half, call: Callable[[int, Fields, bool], Outcome], fields: Fields, end_of_stream: bool
    ) -> None:
        half.headers(fields, end_of_stream)
        if refusal := half.fields_refusal(self.limits):
            self._unseen = half is self.request
            refuse_header_size(self, half, refusal)
            return
        self._ask(half, call, self.id, fields, end_of_stream)
        if half.hold is None or (end_of_stream and half.hold is Hold.STOP_ITERATION):
            self.send(half)  # a message without body has nothing else that would release its headers

    def body(self, half: Half, data: bytes, end_of_stream: bool) -> None:
        if half.fields is None and half.dropped:
            return  # its headers were refused
        if half.fields is None:
            raise SequenceError(f"a {half.name} body before the {half.name} headers")
        if half.ended:
            raise SequenceError(f"a {half.name} body after the end of the {half.name}")
        half.ended = end_of_stream
        if half.dropped:
            return
        if half.hold is not Hold.PAUSE:
            self._chunk(half, data, end_of_stream)
        elif not half.enqueue(data, end_of_stream):
            refuse_size(self, half)

    def _chunk(self, half: Half, data: bytes, end_of_stream: bool) -> None:
        if half.mode is BodyMode.BUFFER:
            if not half.collect(data):
                self._too_large(half)
                return
            if not end_of_stream:
                return
            data = half.collected()
        half.body, half.body_ends = data, end_of_stream
        if half.mode is not BodyMode.SKIP and not self._bypassed:
            self._ask(half, half.on_body, self.id, data, end_of_stream)
        if half.hold is Hold.PAUSE or half.body is None:
            return
        # A body phase that neither pauses nor takes the chunk releases headers that waited for it.
        half.taken = False
        self.send(half)

    def _too_large(self, half: Half) -> None:
        """A plugin may answer itself when a response is too large; a refused request is a response that it sees."""
        if half is self.response and not self._bypassed:
            self._ask(half, half.on_body, self.id, b"", False)
            if self._bypassed or self.final:
                return
        refuse_size(self, half)

    # The plugin.

    def _ask(self, half: Half | None, call: Callable[..., Outcome], *args: Any) -> None:
        """Call the plugin and carry out what it asks for; its failure is ours to handle."""
        if self._bypassed or self._runner.lost:
            return
        try:
            outcome = call(*args)
        except PluginFailure as failure:
            self.fail(str(failure))
        except ProgramLost as lost:
            self._runner.lose(str(lost))
        else:
            if isinstance(outcome, bytes):
                if half is None or half.body is None:
                    self.log("the plugin answered with a body, which has no meaning in this phase")
                else:
                    half.put(outcome)
            elif outcome is not None:
                self._runner.carry_out(outcome, self, half)

    def fail(self, message: str) -> None:
        """The plugin raised while it dealt with this stream."""
        self.log(message)
        self.give_up()

    def give_up(self) -> None:
        """Go on without the plugin. Fail open: the stream passes as it is. Fail closed: the client gets a 500."""
        self._bypassed = True
        if self.closed:
            return
        if self.response.taken:
            # The chunks that the plugin has taken are lost with it: what the client would get has a hole.
            reply_now(self, TORN)
        elif self._runner.fail_open:
            for half in (self.request, self.response):
                half.release()
                self.resume(half)
        elif not self.final and not self.response.done:
            reply_now(self, FAILED)

    def log(self, message: str, level: LogLevel = LogLevel.ERROR) -> None:
        self.services.log(level, self.id, message)

    def send(self, half: Half) -> None:
        """What is in hand goes on."""
        if not half.flush(self.events):
            break_off(self, half)
        elif self.on_sent is not None:
            self.on_sent()

    def resume(self, half: Half) -> None:
        if half.taken and half.ended and half.body is None:
            half.body, half.body_ends = b"", True
        self.send(half)
        if half.draining:
            return  # The plugin resumes in each chunk that it is given below.
        half.draining = True
        try:
            while chunk := half.dequeue():
                self._chunk(half, *chunk)
        finally:
            half.draining = False
