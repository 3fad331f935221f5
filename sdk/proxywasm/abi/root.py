"""One plugin with one configuration inside a VM: a root context of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..core import log_lines
from ..core.definition import PluginDefinition
from ..core.dispatcher import Dispatcher
from ..core.trailers import Trailers
from ..wire import Command, EffectiveContext, FailStream, Fields, LogLevel, Outcome, PluginFailure
from .calls import CONTINUE, PASS, Gateway
from .commands import MEANINGS
from .half import Half
from .port import Port, Report
from .stages import StagedStream
from .stream import Stream

SOON_MS = 1


class Root:
    """`streams` are those of the VM by context, `exchanges` those with attempts in a second stage, by what identifies
    them there. This plugin's are among them."""

    def __init__(
        self,
        plugin: PluginDefinition,
        gateway: Gateway,
        context: int,
        streams: Mapping[int, Stream[Root]],
        exchanges: dict[bytes, StagedStream[Root]],
    ) -> None:
        self.gateway = gateway
        self.port = Port(gateway, context, lambda stream: self.dispatcher.request_header(stream, "x-request-id"))
        self.dispatcher = dispatcher = Dispatcher(plugin, self.port)
        dispatcher.sends_again = dispatcher.times_first_byte = False
        dispatcher.can_send_again = self._can_send_again
        self.on_request_headers, self.on_request_body = dispatcher.on_request_headers, dispatcher.on_request_body
        self.on_response_headers, self.on_response_body = dispatcher.on_response_headers, dispatcher.on_response_body
        self.on_done, self.log = dispatcher.on_done, self.port.log
        self.on_trailers: tuple[Callable[[int, Trailers], Outcome] | None, ...] = ()
        """By the number of a direction; None: the plugin does not read them."""
        self.unread: tuple[int, ...] = ()
        """What lets a message pass whose body the plugin does not read either, by the number of its direction."""
        self.stream_class: type[Stream[Root]] = Stream
        self.exchanges = exchanges
        self._streams = streams
        self.log_level = -1
        """The gateway's, which the dispatcher has been told."""
        self._soon: dict[Callable[[], None], None] = {}
        self._after: list[Callable[[], None]] = []

    def configure(self, config: str) -> None:
        """Raises `ConfigError` or `PluginFailure`."""
        self.dispatcher.configure(config, _log_level(self.gateway.abi.get_log_level()))
        self.port.starting = False
        if self.dispatcher.sends_again:
            self.stream_class = StagedStream
        dispatcher = self.dispatcher
        reads_request, reads_response = dispatcher.reads_trailers
        self.on_trailers = (
            dispatcher.on_request_trailers if reads_request else None,
            dispatcher.on_response_trailers if reads_response else None,
        )
        self.unread = tuple([CONTINUE if callback else PASS for callback in self.on_trailers])

    def follow_log_level(self, level: int) -> None:
        """Adopt the gateway's log level, which an operator may have changed."""
        self.log_level = level
        self.dispatcher.log_level = _log_level(level)
        log_lines.install(self.dispatcher.log_level)

    @property
    def fail_open(self) -> bool:
        """Whether a stream in which the plugin raises passes without the plugin."""
        return self.dispatcher.fail_open

    def report(self, context: int, message: str, kind: Report = Report.FAILED) -> None:
        """Tell operators, and programs that read the log."""
        self.port.log(LogLevel.ERROR, context, message, kind)

    # Events that belong to no phase.

    def tick(self) -> None:
        if self._soon:
            soon, self._soon = self._soon, {}
            self.port.wake_in(self.port.tick_period)
            for function in soon:
                try:
                    function()
                except BaseException as error:  # other streams wait for the rest
                    self.report(0, self.message(error))
        if self.port.tick_period:
            self._ask(0, self.dispatcher.on_tick)

    def http_call_response(self, call: int, fields: Fields, body: bytes) -> None:
        context = self.dispatcher.calls.waits_for_http(call)
        self._ask(context, lambda: self.dispatcher.on_http_call_response(call, fields, body))

    def redis_call_response(self, call: int, answer: bytes | None) -> None:
        context = self.dispatcher.calls.waits_for_redis(call)
        self._ask(context, lambda: self.dispatcher.on_redis_call_response(call, answer))

    def _ask(self, context: int, call: Callable[[], Outcome]) -> None:
        """`context` is the stream that waits for this event: it must not wait for ever if the plugin fails."""
        try:
            outcome = call()
            assert not isinstance(outcome, bytes), "only body phases answer with a body"
            self.carry_out(outcome or (), None, None)
        except BaseException as error:
            if stream := self._streams.get(context):
                stream.fail(self.message(error))
            else:
                self.report(0, self.message(error))

    # For streams.

    def _can_send_again(self, context: int) -> bool:
        stream = self._streams.get(context)
        return isinstance(stream, StagedStream) and stream.can_send_again()

    def message(self, error: BaseException) -> str:
        """The log message of a failure. Nearly always the dispatcher has made it. Other exceptions come from objects of
        the SDK that a plugin has misused, for example an invalid command. All are caught here and in `Stream`: an
        exception that leaves a callback of the ABI traps, and costs all streams of the VM."""
        return str(error) if type(error) is PluginFailure else self.dispatcher.traceback(error)

    def carry_out(self, commands: Sequence[Command], stream: Stream[Root] | None, half: Half | None) -> None:
        """`half`: the direction of `stream` whose phase is being answered."""
        in_phase = half is not None
        for command in commands:
            meaning = MEANINGS[type(command)]
            if meaning is None:
                assert isinstance(command, EffectiveContext)
                stream, half = self._streams.get(command.value), None
            elif stream is not None:
                meaning(stream, command, half, in_phase)
            elif isinstance(command, FailStream):
                self.report(0, command.value)
            # Otherwise the stream ended before its answer arrived, which is not an error.
        while self._after:
            self._after.pop(0)()

    def after_commands(self, function: Callable[[], None]) -> None:
        """Call it when all commands of the outcome at hand are carried out; once, however often it is asked for."""
        if function not in self._after:
            self._after.append(function)

    def soon(self, function: Callable[[], None]) -> None:
        """Call the function once, as soon as the gateway has processed this callback's result."""
        if not self._soon:
            self.port.wake_in(SOON_MS)
        self._soon[function] = None


def _log_level(number: int) -> LogLevel:
    # Envoy has one more, `off`.
    return LogLevel(min(number, LogLevel.CRITICAL))
