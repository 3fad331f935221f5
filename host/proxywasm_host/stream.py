"""The rules of an HTTP stream, without I/O: events of a connection in, events for the other side out.

Whoever moves bytes (a test, a replay, the live gateway) tells a `Stream` what arrived and sends what `take` returns.
Phase order, buffering, held headers, pause and resume, local replies, limits and failures of the plugin are decided
here and nowhere else; the plugin is any `wire.Program`, native or Wasm.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from proxywasm import wire
from proxywasm.headers import apply_edits
from proxywasm.replies import FAILED, TORN, too_large
from proxywasm.wire import BodyMode, Fields, Hold, LocalReply, LogLevel, Outcome, PluginFailure, ProgramLost

from .services import HostServices, Properties


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """Send these to the upstream."""

    fields: Fields
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class RequestBody:
    data: bytes
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """Send these to the client."""

    fields: Fields
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class ResponseBody:
    data: bytes
    end_of_stream: bool


@dataclass(frozen=True, slots=True)
class CloseUpstream:
    """The client is answered without it: what went upstream so far leads nowhere."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The response cannot be finished; break the connection so that the client notices."""

    reason: str


Event: TypeAlias = RequestHeaders | RequestBody | ResponseHeaders | ResponseBody | CloseUpstream | Reset


class SequenceError(RuntimeError):
    """The caller fed events in an order that no HTTP stream has."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may use.

    Attributes:
        request_body: bytes that may be buffered; a plugin may set another limit for a stream.
        response_body: likewise.
        paused_ms: how long a direction may be paused while no call-out of the stream is under way. Whoever resumes
            it then is another stream, a tick, or nobody: without a limit a bug would hold the client for ever.
    """

    request_body: int = 32 * 1024 * 1024
    response_body: int = 32 * 1024 * 1024
    paused_ms: int = 300_000


class _Half:
    """One direction of a stream."""

    __slots__ = (
        "body",
        "body_ends",
        "buffer",
        "ended",
        "fields",
        "headers_end",
        "hold",
        "limit",
        "mode",
        "on_body",
        "paused_since",
        "queue",
        "queued",
        "send_body",
        "send_headers",
        "sent",
        "taken",
    )

    def __init__(
        self,
        limit: int,
        on_body: Callable[[int, bytes, bool], Outcome],
        send_headers: Callable[[Fields, bool], Event],
        send_body: Callable[[bytes, bool], Event],
    ) -> None:
        self.limit = limit
        self.on_body = on_body
        self.send_headers = send_headers
        self.send_body = send_body
        self.fields: Fields | None = None  # None: no headers yet
        self.headers_end = False
        self.sent = False
        self.ended = False  # the last byte has arrived
        self.mode = BodyMode.SKIP
        self.hold: Hold | None = None
        self.buffer = bytearray()  # a body being collected for the plugin
        self.body: bytes | None = None  # what the plugin has in hand, or had when it paused
        self.body_ends = False
        self.queue: deque[tuple[bytes, bool]] = deque()  # chunks that arrived while paused
        self.queued = 0
        self.taken = False  # the plugin has taken the last chunk: it says itself what goes on, and where the end is
        self.paused_since = 0  # nanoseconds on the host's clock; meaningful while paused, or taken and ended


class Stream:
    """One HTTP stream. Created by `Runner.open`.

    Feed it with `request_headers`, `request_body`, `response_headers`, `response_body` as they arrive and `close` at
    the end, however the stream ended; after each call (and after every event of its runner) send what `take` returns.
    """

    def __init__(self, runner: Runner, context: int, limits: Limits) -> None:
        program = runner.program
        self.id = context
        self.local_reply: LocalReply | None = None
        """The reply that the plugin made instead of the upstream, if it did."""
        self._runner = runner
        self._events: list[Event] = []
        self._request = _Half(limits.request_body, program.on_request_body, RequestHeaders, RequestBody)
        self._response = _Half(limits.response_body, program.on_response_body, ResponseHeaders, ResponseBody)
        self._answered = False  # by a local reply: whatever else arrives is ignored
        self._final = False  # the answer is one that the plugin has no say in any more
        self._bypassed = False  # the plugin failed in this stream and is not asked again
        self._closed = False

    # What arrives.

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None:
        if self._request.fields is not None:
            raise SequenceError("the request headers of this stream have been given already")
        for name, value in fields:
            if name == "x-request-id":
                # As the original wrapper does: log lines of all plugins carry this property.
                self._runner.services.set_property(self.id, ("x_request_id",), value.encode())
                break
        self._headers(self._request, self._runner.program.on_request_headers, fields, end_of_stream)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self._body(self._request, "request", data, end_of_stream)

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = "via_upstream") -> None:
        """`details` says where the response comes from, as `response.code_details`, if not from the upstream."""
        if self._answered:
            return
        if self._response.fields is not None:
            raise SequenceError("the response headers of this stream have been given already")
        self._runner.services.set_property(self.id, ("response", "code_details"), details.encode())
        self._headers(self._response, self._runner.program.on_response_headers, fields, end_of_stream)

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        if not self._answered:
            self._body(self._response, "response", data, end_of_stream)

    def close(self) -> None:
        """The stream is over: answered, or given up by client or upstream. Its last events stay to be taken."""
        if self._closed:
            return
        self._closed = True
        if self._request.fields is not None:
            self._bypassed = False  # a plugin that failed in this stream still has to forget it
            self._ask(None, lambda: self._runner.program.on_done(self.id))
        self._runner.forget(self)

    # What is to be sent.

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    @property
    def request_done(self) -> bool:
        """Nothing more will be sent upstream."""
        half = self._request
        return self._answered or (half.ended and half.sent and half.body is None and not half.queue)

    @property
    def response_done(self) -> bool:
        """Nothing more will be sent to the client."""
        half = self._response
        return half.ended and half.sent and half.body is None and not half.queue and not half.taken

    @property
    def request_paused(self) -> bool:
        """The request waits for the plugin to resume it."""
        return self._request.hold is Hold.PAUSE

    @property
    def response_paused(self) -> bool:
        """The response waits for the plugin to resume it."""
        return self._response.hold is Hold.PAUSE

    def expire(self, since: int) -> None:
        """Give up if a direction has been waiting from before this time on, and no call-out is under way."""
        if self._bypassed:
            return
        for half, name in ((self._request, "request"), (self._response, "response")):
            if half is self._request and self._answered:
                continue
            waiting = half.hold is Hold.PAUSE or (half.taken and half.ended)
            if waiting and half.paused_since <= since and not self._runner.services.waits(self.id):
                self.fail(f"the {name} is paused, and nothing has resumed it in time")
                return

    # Phases.

    def _headers(
        self, half: _Half, call: Callable[[int, Fields, bool], Outcome], fields: Fields, end_of_stream: bool
    ) -> None:
        half.fields = fields
        half.headers_end = half.ended = end_of_stream
        self._ask(half, lambda: call(self.id, fields, end_of_stream))
        if half.hold is None:
            self._flush(half)

    def _body(self, half: _Half, name: str, data: bytes, end_of_stream: bool) -> None:
        if half.fields is None:
            raise SequenceError(f"a {name} body before the {name} headers")
        if half.ended:
            raise SequenceError(f"a {name} body after the end of the {name}")
        half.ended = end_of_stream
        if self._answered and half is self._request:
            return
        if half.hold is Hold.PAUSE:
            half.queue.append((data, end_of_stream))
            half.queued += len(data)
            if half.queued > half.limit:
                self._too_large(half)
            return
        self._chunk(half, data, end_of_stream)

    def _chunk(self, half: _Half, data: bytes, end_of_stream: bool) -> None:
        if half.mode is BodyMode.BUFFER:
            half.buffer += data
            if len(half.buffer) > half.limit:
                self._too_large(half)
                return
            if not end_of_stream:
                return
            data = bytes(half.buffer)
            half.buffer.clear()
        half.body, half.body_ends = data, end_of_stream
        if half.mode is not BodyMode.SKIP and not self._bypassed:
            self._ask(half, lambda: half.on_body(self.id, data, end_of_stream))
        if half.hold is Hold.PAUSE or half.body is None:
            return
        # A body phase that neither pauses nor takes the chunk releases headers that waited for it.
        half.taken = False
        self._flush(half)

    def _flush(self, half: _Half) -> None:
        """Send what is in hand."""
        if half.fields is None or (self._answered and half is self._request):
            return
        half.hold = None
        if not half.sent:
            half.sent = True
            self._events.append(half.send_headers(half.fields, half.headers_end))
        if half.body is not None:
            if half.body or half.body_ends:
                self._events.append(half.send_body(half.body, half.body_ends))
                half.taken = half.taken and not half.body_ends
            half.body = None

    def _resume(self, half: _Half) -> None:
        if half.taken and half.ended and half.body is None:
            half.body, half.body_ends = b"", True
        self._flush(half)
        while half.queue and half.hold is None:
            data, end_of_stream = half.queue.popleft()
            half.queued -= len(data)
            self._chunk(half, data, end_of_stream)

    # The plugin.

    def _ask(self, half: _Half | None, call: Callable[[], Outcome]) -> None:
        """Call the plugin and carry out what it asks for; its failure is ours to handle."""
        if self._bypassed or self._runner.lost:
            return
        try:
            outcome = call()
        except PluginFailure as failure:
            self.fail(str(failure))
        except ProgramLost as lost:
            self._runner.lose(str(lost))
        else:
            if isinstance(outcome, bytes):
                assert half is not None
                half.body = outcome
            elif outcome is not None:
                self._runner.carry_out(outcome, self, half)

    def fail(self, message: str) -> None:
        """The plugin raised while it dealt with this stream."""
        self._runner.log(self.id, message)
        self.give_up()

    def give_up(self) -> None:
        """Go on without the plugin. Fail open: the stream passes as it is. Fail closed: the client gets a 500."""
        self._bypassed = True
        if self._closed:
            return
        if self._response.taken:
            # The chunks that the plugin has taken are lost with it: what the client would get has a hole.
            self._reply_now(TORN)
        elif self._runner.fail_open:
            for half in (self._request, self._response):
                half.mode = BodyMode.SKIP
                if half.buffer:
                    half.body, half.body_ends = bytes(half.buffer), False
                    half.buffer.clear()
                self._resume(half)
        elif not self._final and not self.response_done:
            self._reply_now(FAILED)

    def carry_out(self, command: wire.Command, half: _Half | None) -> None:  # noqa: PLR0912  # a case for each command
        """One command of the plugin for this stream; `half` is the direction whose phase is being answered."""
        match command:
            case wire.HoldPhase(Hold.STOP_NO_BUFFER) if half is self._response and half.body is not None:
                half.body = None
                half.taken = True
                half.paused_since = self._runner.services.now()
            case wire.HoldPhase(Hold.STOP_ITERATION | Hold.PAUSE as hold) if half is not None:
                half.hold = hold
                half.paused_since = self._runner.services.now()
            case wire.ReadRequestBody(mode):
                self._request.mode = mode
            case wire.ReadResponseBody(mode):
                self._response.mode = mode
            case wire.LimitRequestBody(limit):
                self._request.limit = limit
            case wire.LimitResponseBody(limit):
                self._response.limit = limit
            case wire.EditRequestHeaders(edits):
                self._edit(self._request, "request", edits)
            case wire.EditResponseHeaders(edits):
                self._edit(self._response, "response", edits)
            case wire.ReplaceRequestBody(body):
                self._replace(self._request, "request", body)
            case wire.ReplaceResponseBody(body):
                self._replace(self._response, "response", body)
            case wire.InjectResponseBody(injection):
                self._inject(injection)
            case wire.ResumeRequest():
                self._resume(self._request)
            case wire.ResumeResponse():
                self._resume(self._response)
            case wire.SendLocalReply(reply):
                self._reply(reply)
            case _:
                self._runner.log(self.id, f"the plugin asked for {command}, which has no meaning in this phase")

    def _edit(self, half: _Half, name: str, edits: wire.FieldEdits) -> None:
        if half.fields is None or half.sent:
            self._runner.log(self.id, f"{name} headers were changed in vain: they are not there, or have gone on")
            return
        half.fields = apply_edits(half.fields, edits)

    def _replace(self, half: _Half, name: str, body: bytes) -> None:
        if half.body is None:
            self._runner.log(self.id, f"a {name} body was given in vain: none is in hand in this phase")
            return
        half.body = body

    def _inject(self, injection: wire.Injection) -> None:
        half = self._response
        if not half.taken or half.fields is None:
            self._runner.log(self.id, "response data was injected in vain: no chunk has been taken, or it has ended")
            return
        if injection.end_of_stream:
            half.taken = False
            if not half.ended:
                half.ended = True
                self._answer_request()  # the rest of the upstream's response is of no interest
        half.body, half.body_ends = injection.body, injection.end_of_stream
        self._flush(half)

    # Local replies.

    def _reply(self, reply: LocalReply) -> None:
        if self._answered:
            self._runner.log(self.id, f"a second local reply ({reply.status}) was given in vain")
            return
        if self._response.fields is not None:
            self._reply_now(reply)
            return
        # Made in a request phase: it travels back through the response phases like any other response.
        self.local_reply = reply
        self._answer_request()
        self._runner.services.set_property(self.id, ("response", "code_details"), reply.details.encode())
        fields = [(":status", str(reply.status)), *reply.headers]
        self._headers(self._response, self._runner.program.on_response_headers, fields, not reply.body)
        if reply.body:
            self._body(self._response, "response", reply.body, True)

    def _reply_now(self, reply: LocalReply) -> None:
        """Answer without asking the plugin any more; too late for that once response headers have been sent."""
        half = self._response
        self.local_reply = reply
        self._final = True
        self._answer_request()
        half.queue.clear()
        half.buffer.clear()
        half.body = None
        half.ended = True
        half.taken = False
        if half.sent:
            self._events.append(Reset(reply.details or "local reply after the response headers"))
            return
        half.fields = [(":status", str(reply.status)), *reply.headers]
        half.headers_end = not reply.body
        half.mode = BodyMode.SKIP
        half.body, half.body_ends = reply.body or None, True
        self._flush(half)

    def _answer_request(self) -> None:
        self._answered = True
        half = self._request
        half.queue.clear()
        half.buffer.clear()
        half.body = None
        if half.sent:
            self._events.append(CloseUpstream())

    def _too_large(self, half: _Half) -> None:
        request = half is self._request
        reply = too_large("request" if request else "response", half.limit)
        self._runner.log(self.id, reply.body.decode(), LogLevel.WARN)
        if request:
            self._reply(reply)
        else:
            self._reply_now(reply)


class Runner:
    """The streams of one program. `fail_open` says what becomes of a stream in which the plugin fails."""

    def __init__(
        self,
        program: wire.Program,
        services: HostServices,
        *,
        limits: Limits | None = None,
        fail_open: bool = False,
    ) -> None:
        self.program = program
        self.services = services
        self.fail_open = fail_open
        self.lost = False
        """The program trapped: open another runner with a fresh instance for new streams."""
        self._limits = limits or Limits()
        self._streams: dict[int, Stream] = {}
        self._last_context = 0

    def open(self, properties: Properties | None = None) -> Stream:
        self._last_context += 1
        stream = self._streams[self._last_context] = Stream(self, self._last_context, self._limits)
        self.services.open_stream(stream.id, properties or {})
        return stream

    @property
    def streams(self) -> list[Stream]:
        """Those that are open."""
        return list(self._streams.values())

    def http_call_response(self, call: int, fields: Fields, body: bytes) -> None:
        """The answer to a call-out of `services`; no fields: there was none. Any stream may have events afterwards."""
        stream = self._streams.get(self.services.finish_call(call))
        self._ask(lambda: self.program.on_http_call_response(call, fields, body), stream)

    def redis_call_response(self, call: int, response: bytes | None) -> None:
        """The answer to a Redis command of `services`; None: there was none. Any stream may have events afterwards."""
        stream = self._streams.get(self.services.finish_call(call))
        self._ask(lambda: self.program.on_redis_call_response(call, response), stream)

    def expire(self) -> None:
        """Answer call-outs whose time is up, end what is paused for too long. Call it when time has passed.

        Any stream may have events afterwards.
        """
        for call, redis in self.services.overdue_calls():
            if redis:
                self.redis_call_response(call, None)
            else:
                self.http_call_response(call, [], b"")
        since = self.services.now() - self._limits.paused_ms * 1_000_000
        for stream in self.streams:
            stream.expire(since)

    def tick(self) -> None:
        """The plugin's period has passed. Any stream may have events afterwards."""
        self._ask(self.program.on_tick, None)

    def _ask(self, call: Callable[[], Outcome], stream: Stream | None) -> None:
        """`stream` is the one that waits for this event: it must not wait for ever if the plugin fails."""
        if self.lost:
            return
        try:
            outcome = call()
        except PluginFailure as failure:
            if stream is None:
                self.log(0, str(failure))
            else:
                stream.fail(str(failure))
        except ProgramLost as lost:
            self.lose(str(lost))
        else:
            assert not isinstance(outcome, bytes)
            self.carry_out(outcome or (), None, None)

    # For streams.

    def carry_out(self, commands: Sequence[wire.Command], stream: Stream | None, half: _Half | None) -> None:
        for command in commands:
            if isinstance(command, wire.EffectiveContext):
                stream, half = self._streams.get(command.value), None
            elif stream is not None:
                stream.carry_out(command, half)
            # Otherwise the stream ended before its answer came, which is nobody's fault.

    def log(self, context: int, message: str, level: LogLevel = LogLevel.ERROR) -> None:
        self.services.log(level, context, message)

    def lose(self, reason: str) -> None:
        if not self.lost:
            self.lost = True
            self.log(0, f"the plugin instance is lost: {reason}", LogLevel.CRITICAL)
            for stream in self.streams:
                stream.give_up()

    def forget(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        self.services.close_stream(stream.id)
