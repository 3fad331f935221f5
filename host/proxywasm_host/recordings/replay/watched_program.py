"""A plugin instance that reports which of its callbacks run, and what it asks of its host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from proxywasm import wire
from proxywasm.wire import BodyMode, Fields, Hold, LogLevel, Outcome, Program


class Reporter(Protocol):
    def runs(self, place: int, phase: str) -> None:
        """A callback of the plugin at this place runs."""

    def decides(self, place: int, phase: str, outcome: Outcome) -> None:
        """This callback has returned this."""


class WatchedProgram:
    """A `wire.Program` around another one, the plugin at this place of a chain."""

    def __init__(self, program: Program, place: int, reporter: Reporter) -> None:
        self._program, self._place, self._reporter = program, place, reporter

    def configure(self, config: str, log_level: LogLevel) -> None:
        self._program.configure(config, log_level)

    def on_request_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._run("on_request_headers", self._program.on_request_headers, context, headers, end_of_stream)

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._run("on_request_body", self._program.on_request_body, context, body, end_of_stream)

    def on_request_trailers(self, context: int, trailers: Fields) -> Outcome:
        return self._run("on_request_trailers", self._program.on_request_trailers, context, trailers)

    def on_response_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        return self._run("on_response_headers", self._program.on_response_headers, context, headers, end_of_stream)

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._run("on_response_body", self._program.on_response_body, context, body, end_of_stream)

    def on_response_trailers(self, context: int, trailers: Fields) -> Outcome:
        return self._run("on_response_trailers", self._program.on_response_trailers, context, trailers)

    def on_response_broken(self, context: int) -> Outcome:
        return self._run("on_response_broken", self._program.on_response_broken, context)

    def on_done(self, context: int) -> Outcome:
        return self._run("on_done", self._program.on_done, context)

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        return self._run("on_http_call_response", self._program.on_http_call_response, call, headers, body)

    def on_redis_call_response(self, call: int, response: bytes | None) -> Outcome:
        return self._run("on_redis_call_response", self._program.on_redis_call_response, call, response)

    def on_tick(self) -> Outcome:
        return self._run("on_tick", self._program.on_tick)

    def _run(self, phase: str, call: Callable[..., Outcome], *args: Any) -> Outcome:
        self._reporter.runs(self._place, phase)
        try:
            outcome = call(*args)
        except (wire.PluginFailure, wire.ProgramLost) as error:
            self._reporter.decides(self._place, phase, [wire.FailStream(str(error))])
            raise
        self._reporter.decides(self._place, phase, outcome)
        return outcome


def decisions(outcome: Outcome) -> Iterator[str]:
    """What a plugin has asked for, in words. Changes of headers and bodies are seen in what leaves it."""
    for command in () if outcome is None or isinstance(outcome, bytes) else outcome:
        if text := _WORDS.get(type(command), _nothing)(command):
            yield text


def _nothing(_command: object) -> str:
    return ""


_HOLDS: Final = {
    Hold.STOP_ITERATION: "holds the headers until the body",
    Hold.PAUSE: "pauses",
    Hold.STOP_NO_BUFFER: "takes the chunk",
}
_READS: Final = {
    BodyMode.SKIP: "does not read the {}",
    BodyMode.STREAM: "reads the {} chunk by chunk",
    BodyMode.BUFFER: "waits for the whole {}",
    BodyMode.OBSERVE: "watches the {} pass",
}
_WORDS: Final[dict[type, Callable[[Any], str]]] = {
    wire.HoldPhase: lambda command: _HOLDS[command.value],
    wire.ReadRequestBody: lambda command: _READS[command.mode].format("request body"),
    wire.ReadResponseBody: lambda command: _READS[command.mode].format("response body"),
    wire.ResumeRequest: lambda _: "resumes the request",
    wire.ResumeResponse: lambda _: "resumes the response",
    wire.SendLocalReply: lambda command: f"answers itself: {command.value.status} {command.value.details}".rstrip(),
    wire.SendAgain: lambda _: "sends another request",
    wire.LimitFirstByte: lambda command: f"gives the upstream {command.value} ms for the first byte",
    wire.FailStream: lambda _: "fails",
    wire.Leave: lambda _: "has nothing more to do",
}
