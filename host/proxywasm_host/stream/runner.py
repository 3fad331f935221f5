"""The streams of one program, and events that concern several of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from proxywasm import wire
from proxywasm.wire import Fields, LogLevel, Outcome, PluginFailure, ProgramLost

from ..limit_fields import too_large
from ..services import HostServices, Properties
from .answer_bounds import answer_refusal
from .commands import carry_out
from .field_rules import RECEIVED_RESPONSE
from .half import Half
from .limits import Limits, fields_refusal, fields_size
from .ready import Ready
from .stream import Stream


class Runner:
    """The streams of one program.

    Args:
        fail_open: a stream in which the plugin fails continues without it, instead of ending with a 500.
        ready: where streams are noted that have something to send, if several runners share that.
    """

    def __init__(
        self,
        program: wire.Program,
        services: HostServices,
        *,
        limits: Limits | None = None,
        fail_open: bool = False,
        ready: Ready[Stream] | None = None,
    ) -> None:
        self.program = program
        self.services = services
        self.fail_open = fail_open
        self._limits = limits or Limits()
        self.has_bounded_answers = getattr(program, "answers_within", None) == self._limits
        self.lost = False
        """The program trapped: open another runner with a fresh instance for new streams."""
        self._streams: dict[int, Stream] = {}
        self._last_context = 0
        self._ready: Ready[Stream] = Ready() if ready is None else ready
        self._for_others: deque[tuple[Stream, wire.Command]] = deque()
        self._busy = False

    def open(self, properties: Properties | None = None) -> Stream:
        """Open a stream with these properties. Streams that get the same object share it."""
        self._last_context += 1
        stream = self._streams[self._last_context] = Stream(self, self._last_context, self._limits, self._ready)
        self.services.open_stream(stream.id, {} if properties is None else properties)
        return stream

    @property
    def streams(self) -> list[Stream]:
        """Those that are open."""
        return list(self._streams.values())

    def ready(self) -> list[Stream]:
        """Open streams that have something to send, each once. Call it after each call of this runner or a stream.

        After `Stream.take` a stream is no longer in the list.
        """
        return self._ready.streams()

    def http_call_response(self, call: int, fields: Fields, body: bytes) -> None:
        """The answer to a call-out of `services`; no fields: there was none."""
        stream = self._streams.get(self.services.finish_call(call))
        if refusal := self._refuses_answer(fields, body):
            self.services.log(LogLevel.WARN, 0, f"the plugin does not get the answer to a call-out: it has {refusal}")
            fields, body = [], b""
        try:
            fields = RECEIVED_RESPONSE.fields(fields)
        except ValueError as error:
            self.services.log(LogLevel.WARN, stream.id if stream else 0, f"the answer to a call is malformed: {error}")
            fields, body = [], b""
        self._ask(lambda: self.program.on_http_call_response(call, fields, body), stream)

    def redis_call_response(self, call: int, response: bytes | None) -> None:
        """The answer to a Redis command of `services`; None: there was none."""
        stream = self._streams.get(self.services.finish_call(call))
        if refusal := self._refuses_answer((), response or b""):
            self.services.log(LogLevel.WARN, 0, f"the plugin does not get the answer of Redis: it has {refusal}")
            response = None
        self._ask(lambda: self.program.on_redis_call_response(call, response), stream)

    def _refuses_answer(self, fields: Sequence[tuple[str, str]], body: bytes) -> str | None:
        """Why an answer to a call-out is too large for a plugin, if it is."""
        if len(body) > self.services.limits.callout_answer:
            return too_large("body", len(body), self.services.limits.callout_answer)
        return fields_refusal(fields, fields_size(fields), self._limits)

    def expire(self) -> None:
        """Answer call-outs whose time is up, end what is paused for too long. Call it when time has passed."""
        for call, redis in self.services.overdue_calls():
            if redis:
                self.redis_call_response(call, None)
            else:
                self.http_call_response(call, [], b"")
        since = self.services.now() - self._limits.paused_ms * 1_000_000
        for stream in self.streams:
            stream.expire(since)

    def tick(self) -> None:
        """The plugin's period has passed."""
        self._ask(self.program.on_tick, None)

    def _ask(self, call: Callable[[], Outcome], stream: Stream | None) -> None:
        """`stream` is the one that waits for this event: it must not wait for ever if the plugin fails."""
        if self.lost:
            return
        try:
            outcome = call()
        except PluginFailure as failure:
            self._fail(str(failure), stream)
        except ProgramLost as lost:
            self.lose(str(lost))
        else:
            if refusal := answer_refusal(outcome, self._limits):
                self._fail(refusal, stream)
            elif isinstance(outcome, bytes):
                self.services.log(LogLevel.ERROR, 0, "the plugin answered with a body, which has no meaning here")
            else:
                self.carry_out(outcome or (), None, None)

    def _fail(self, message: str, stream: Stream | None) -> None:
        if stream is None:
            self.services.log(LogLevel.ERROR, 0, message)
        else:
            stream.fail(message)

    # For streams.

    def carry_out(self, commands: Sequence[wire.Command], stream: Stream | None, half: Half | None) -> None:
        """`half` is the direction of `stream` whose phase is being answered."""
        own = stream
        for command in commands:
            if isinstance(command, wire.EffectiveContext):
                stream, half = self._streams.get(command.value), None
            elif stream is not None and stream is own:
                carry_out(stream, command, half)
            elif stream is not None:
                self._for_others.append((stream, command))
            elif isinstance(command, wire.FailStream):
                self.services.log(LogLevel.ERROR, 0, command.value)
            # Otherwise the stream ended before its answer arrived, which is not an error.
        self._carry_out_for_others()

    def _carry_out_for_others(self) -> None:
        """A command for another stream may call the plugin, which may give commands for a third: one after the
        other."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._for_others:
                stream, command = self._for_others.popleft()
                carry_out(stream, command, None)
        finally:
            self._busy = False

    def lose(self, reason: str) -> None:
        if not self.lost:
            self.lost = True
            self.services.log(LogLevel.CRITICAL, 0, f"the plugin instance is lost: {reason}")
            for stream in self.streams:
                stream.give_up()

    def forget(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        self.services.close_stream(stream.id)
