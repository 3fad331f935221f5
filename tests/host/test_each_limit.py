"""Each limit of the host, set low and reached: there is none that is not tried here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import pytest
from tests.host.hostile import INDEX, NULS, answer, ask, commands, load, path

from proxywasm import Action, HttpContext, Plugin
from proxywasm.adapters.native import native_program
from proxywasm.wire import (
    Fields,
    ForeignFunctionError,
    HttpCallError,
    LimitError,
    LogLevel,
    MetricKind,
    PluginFailure,
    ProgramLost,
    RedisCallError,
    RedisError,
)
from proxywasm_host import services, stream
from proxywasm_host.component import ComponentProgram
from proxywasm_host.engine import Engine
from proxywasm_host.limit import limits_of
from proxywasm_host.limits import KIB, MIB, Limits
from proxywasm_host.services import HostServices, RedisCall, RedisSettings
from proxywasm_host.stream import ResponseHeaders, Runner, Stream

LOOP: Final = "(loop $for-ever (br $for-ever)) (unreachable)"
NOTHING: Final = "(i32.const 0)"
REQUEST: Final = [(":method", "POST"), (":path", "/"), (":authority", "a")]
UTF8, EDITS, COMMANDS, FAILED = 1, 3, 5, 6


def wasm(engine: Engine, limits: Limits, instructions: str = NOTHING, more: str = "") -> str:
    """What the log says, the plugin is told, the stream fails with, or the instance is lost for."""
    kept = HostServices(limits=limits.kept)
    try:
        program = ComponentProgram(load(engine, [instructions], more=more), kept, limits=limits)
        program.on_request_headers(1, [(":path", path(0))], True)
    except (PluginFailure, ProgramLost) as error:
        return str(error)
    return "; ".join([record.message for record in kept.logs])


def opened(limits: stream.Limits, *, asked: int | None = None, pauses: bool = False) -> Stream:
    """A stream of a plugin that buffers bodies."""
    plugin: Plugin[object] = Plugin("buffering")

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: object) -> Action | None:
        if asked is not None:
            ctx.set_request_body_buffer_limit(asked)
        return Action.PAUSE if pauses else None

    plugin.on_request_body(lambda ctx, config, body: None)
    plugin.on_response_headers(lambda ctx, config: Action.STOP_ITERATION)
    plugin.on_response_body(lambda ctx, config, body: None)
    program = native_program(plugin, host := HostServices(start_ns=0))
    program.configure("{}", LogLevel.INFO)
    return Runner(program, host, limits=limits).open()


def status(stream: Stream) -> str:
    """Of the response that the stream has."""
    return next((event.fields[0][1] for event in stream.take() if isinstance(event, ResponseHeaders)), "none")


def request(limits: stream.Limits, fields: Fields = REQUEST, body: bytes = b"", asked: int | None = None) -> str:
    stream = opened(limits, asked=asked)
    stream.request_headers(fields, False)
    stream.request_body(body, False)
    return status(stream)


def response(limits: stream.Limits, fields: Fields, body: bytes = b"") -> str:
    stream = opened(limits)
    stream.request_headers(REQUEST, True)
    stream.response_headers([(":status", "200"), *fields], False)
    stream.response_body(body, False)
    return status(stream)


def paused(milliseconds: int, limits: stream.Limits) -> str:
    stream = opened(limits, pauses=True)
    stream.request_headers(REQUEST, True)
    stream.services.clock.advance(milliseconds)
    stream._runner.expire()
    return status(stream)


def refused(limits: services.Limits, *calls: Callable[[HostServices], object]) -> str:
    """Why the host refuses the last of these calls; it takes all others."""
    host = HostServices(limits=limits)
    host.open_stream(1, {})
    host.open_stream(2, {})
    *before, last = calls
    for call in before:
        call(host)
    try:
        last(host)
    except (LimitError, HttpCallError, RedisCallError, ForeignFunctionError) as error:
        return str(error)
    return "taken"


def http_call(host: HostServices, body: bytes = b"") -> int:
    return host.http_call(1, "c", REQUEST, body, 1000)


def answered(limits: services.Limits, body: bytes) -> list[bytes]:
    """What a plugin gets of the body of a call-out's answer."""
    got: list[bytes] = []
    plugin: Plugin[object] = Plugin("calling")

    @plugin.on_request_headers
    def call(ctx: HttpContext, config: object) -> Action:
        ctx.client("c").get("/", lambda answer: got.append(answer.body))
        return Action.PAUSE

    program = native_program(plugin, host := HostServices(limits=limits))
    program.configure("{}", LogLevel.INFO)
    runner = Runner(program, host)
    runner.open().request_headers(REQUEST, True)
    (waiting,) = host.take_calls()
    runner.http_call_response(waiting.id, [(":status", "200")], body)
    return got


def latest_messages(limits: services.Limits) -> list[str]:
    host = HostServices(limits=limits)
    for number in range(5):
        host.log(LogLevel.INFO, 0, str(number))
    return [record.message for record in host.logs]


Kept: TypeAlias = services.Limits
Streams: TypeAlias = stream.Limits

TRIES: Final[dict[str, Callable[[Engine], tuple[object, object]]]] = {
    "memory": lambda engine: (wasm(engine, Limits(memory=64 * MIB)), "cannot be started: memory minimum size"),
}
