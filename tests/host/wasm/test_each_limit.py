"""Each limit of the host, set low and reached: there is none that is not tried here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import pytest
from tests.host.hostile import NULS, answer, ask, commands, load, path

from proxywasm import Action, ClusterClient, HttpContext, Plugin, TargetCluster
from proxywasm.adapters.native import native_program
from proxywasm.resp import encode_command
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
)
from proxywasm_host import services, stream
from proxywasm_host.limit_fields import MIB, limits_of
from proxywasm_host.services import HostServices, RedisCall, RedisSettings
from proxywasm_host.services.redis_calls import RedisCalls
from proxywasm_host.stream import ResponseHeaders, Runner, Stream
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Engine
from proxywasm_host.wasm.limits import Limits

LOOP: Final = "(loop $for-ever (br $for-ever)) (unreachable)"
NOTHING: Final = "(i32.const 0)"
REQUEST: Final = [(":method", "POST"), (":path", "/"), (":authority", "a")]
UTF8, EDITS, FAILED = 1, 3, 6


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
    return buffering(limits, asked=asked, pauses=pauses).open()


def buffering(limits: stream.Limits, *, asked: int | None = None, pauses: bool = False) -> Runner:
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
    return Runner(program, host, limits=limits)


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
    runner = buffering(limits, pauses=True)
    stream = runner.open()
    stream.request_headers(REQUEST, True)
    runner.services.clock.advance(milliseconds)
    runner.expire()
    return status(stream)


def again(limits: stream.Limits) -> str:
    """What is said to a plugin that sends its request again without end."""
    plugin: Plugin[object] = Plugin("endless")
    plugin.on_response_headers(lambda ctx, config: ctx.send_again("GET", "/"))
    program = native_program(plugin, host := HostServices())
    program.configure("{}", LogLevel.INFO)
    stream = Runner(program, host, limits=limits).open()
    stream.request_headers(REQUEST, True)
    while not stream.response_done:
        stream.response_headers([(":status", "500")], True)
    return "; ".join([record.message for record in host.logs])


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


def timeouts(limits: services.Limits) -> list[int]:
    """Those that the host keeps to, of a plugin that wants to wait for a second."""
    host = HostServices(limits=limits)
    http_call(host)
    host.redis_init("redis", "", "", 1000)
    host.redis_call(1, "redis", encode_command(["PING"]))
    return [host.take_calls()[0].timeout_ms, host.take_redis_calls()[0].settings.timeout_ms]


def answered(limits: services.Limits, body: bytes) -> list[bytes]:
    """What a plugin gets of the body of a call-out's answer."""
    got: list[bytes] = []
    plugin: Plugin[object] = Plugin("calling")

    @plugin.on_request_headers
    def call(ctx: HttpContext, config: object) -> Action:
        ClusterClient(TargetCluster("c", "a")).get("/", lambda answer: got.append(answer.body))
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


def redis_answer(limits: services.Limits, query: bytes) -> bytes | None:
    call = RedisCall(1, 0, "c", query, RedisSettings("c", "", "", 1000, {}))
    return RedisCalls({}, limits).execute(call)


Kept: TypeAlias = services.Limits
Streams: TypeAlias = stream.Limits

LOW: Final = Limits(
    streams=Streams(answer=100, commands=3),
    header_count=3,
    header_size=50,
    log_message=100,
    log_rate=0,
    log_burst=300,
)
AGAIN: Final = "(drop (call_indirect $attacks (type $attack) (i32.const 0))) (i32.const 0)"

TRIES: Final[dict[str, tuple[Callable[[Engine], object], str]]] = {
    "memory": (lambda engine: wasm(engine, Limits(memory=64 * MIB)), "memory minimum size of 2048 pages exceeds"),
    "memories": (lambda engine: wasm(engine, Limits(memories=0)), "memory count too high at 1"),
    "table_elements": (lambda engine: wasm(engine, Limits(table_elements=0)), "1 elements exceeds table limits"),
    "tables": (lambda engine: wasm(engine, Limits(tables=0)), "table count too high at 1"),
    "modules": (lambda engine: wasm(engine, Limits(modules=1)), "instance count too high at 2"),
    "stack": (lambda engine: wasm(engine, Limits(), AGAIN), "nested calls used up the stack"),
    "call_time": (lambda engine: wasm(engine, Limits(call_time=0.05), LOOP), "a call took longer than it may"),
    "start_time": (
        lambda engine: wasm(engine, Limits(start_time=0.05), more=f"(func $s {LOOP}) (start $s)"),
        "cannot be started: a call took longer than it may",
    ),
    "streams.answer": (
        lambda engine: wasm(engine, LOW, answer(UTF8, NULS, 101)),
        "a body of 101 bytes, more than the 100",
    ),
    "streams.commands": (lambda engine: wasm(engine, LOW, commands(4, 0)), "4 commands, more than the 3"),
    "header_count": (lambda engine: wasm(engine, LOW, answer(EDITS, NULS, 7)), "4 header fields, more than the 3"),
    "header_size": (
        lambda engine: wasm(engine, LOW, answer(EDITS, NULS, 60)),
        "a header of 60 bytes, more than the 50 that are allowed",
    ),
    "log_message": (
        lambda engine: wasm(engine, LOW, ask("log", 4, 0, NULS, 101, result=False)),
        r"\[1 more bytes cut off\]$",
    ),
    "log_rate": (
        lambda engine: wasm(engine, LOW, ask("log", 4, 0, NULS, 100, often=3, result=False)),
        "^\0{100}; \0{100}; the plugin logs too much",
    ),
    "log_burst": (
        lambda engine: wasm(engine, replace(LOW, log_burst=50), answer(FAILED, NULS, 50)),
        "it logs too much",
    ),
    # Streams.
    "streams.request_body": (lambda _: request(Streams(request_body=5), body=b"x" * 6), "413"),
    "streams.response_body": (lambda _: response(Streams(response_body=5), [], b"x" * 6), "502"),
    "streams.asked_body": (lambda _: request(Streams(asked_body=5), body=b"x" * 6, asked=100), "413"),
    "streams.paused_ms": (lambda _: paused(5, Streams(paused_ms=5)), "500"),
    "streams.attempts": (lambda _: again(Streams(attempts=2)), "has sent 2 requests in one stream"),
    "streams.header_count": (lambda _: request(Streams(header_count=2)), "431"),
    "streams.header_size": (lambda _: response(Streams(header_size=30), [("x", "y" * 30)]), "502"),
    # What is kept.
    "kept.name": (
        lambda _: refused(Kept(name=4), lambda host: host.set_shared_data("12345", b"", 0)),
        "a key of 5 bytes",
    ),
    "kept.properties": (
        lambda _: refused(
            Kept(properties=350),
            lambda host: host.set_property(1, ("a", "b"), b"x" * 100),
            lambda host: host.set_property(1, ("a", "c"), b""),
        ),
        "those of stream 1 would take 504 bytes, more than the 350",
    ),
    "kept.all_properties": (
        lambda _: refused(
            Kept(all_properties=350),
            lambda host: host.set_property(1, ("a", "b"), b""),
            lambda host: host.set_property(2, ("a", "b"), b""),
        ),
        "those of all streams would take 404 bytes, more than the 350",
    ),
    "kept.shared_data": (
        lambda _: refused(
            Kept(shared_data=250),
            lambda host: host.set_shared_data("a", b"", 0),
            lambda host: host.set_shared_data("b", b"x" * 100, 0),
        ),
        "all shared data would take 302 bytes, more than the 250",
    ),
    "kept.metrics": (
        lambda _: refused(Kept(metrics=0), lambda host: host.define_metric(MetricKind.COUNTER, "m")),
        "there are 0, more are not allowed",
    ),
    "kept.metric_name": (
        lambda _: refused(Kept(metric_name=4), lambda host: host.define_metric(MetricKind.COUNTER, "12345")),
        "its name has 5 characters, more than the 4",
    ),
    "kept.callouts": (lambda _: refused(Kept(callouts=1), http_call, http_call), "1 call-outs of this plugin wait"),
    "kept.callout_size": (
        lambda _: refused(Kept(callout_size=500), lambda host: http_call(host, b"x" * 200)),
        "would take 529 bytes, more than the 500",
    ),
    "kept.callout_ms": (lambda _: timeouts(Kept(callout_ms=500)), r"\[500, 500\]"),
    "kept.callout_answer": (lambda _: answered(Kept(callout_answer=5), b"123456"), r"\[b''\]"),
    "kept.redis_services": (
        lambda _: refused(Kept(redis_services=0), lambda host: host.redis_init("a", "", "", 1)),
        "0 Redis services have been",
    ),
    "kept.redis_options": (
        lambda _: refused(Kept(redis_options=2), lambda host: host.redis_init("a?b=1&c=2&d=3", "", "", 1)),
        "3 options of a service, more than the 2",
    ),
    "kept.redis_arguments": (
        lambda _: redis_answer(Kept(redis_arguments=1), encode_command(["GET", "a"])),
        "2 arguments, more than the 1",
    ),
    "kept.foreign_argument": (
        lambda _: refused(Kept(foreign_argument=4), lambda host: host.call_foreign_function("f", b"12345")),
        "a function.s argument of 5 bytes, more than the 4",
    ),
    "kept.log_records": (lambda _: latest_messages(Kept(log_records=2)), r"\['3', '4'\]"),
}


@pytest.mark.parametrize("name", [limit.name for limit in limits_of(Limits())])
def test_what_is_beyond_a_limit_is_refused(engine: Engine, name: str) -> None:
    attempt, told = TRIES[name]
    assert re.search(told, str(attempt(engine)))


@pytest.mark.parametrize(
    "query",
    [
        encode_command(["GET", b"a\r\nb", ""]),
        b"*1\r\n$-1\r\n",
        b"*1\r\n:1\r\n",
        b"*1\r\n*1\r\n$0\r\n\r\n",
        b"*2\r\n$1\r\na\r\n",
        b"*1\r\n$1\r\na\r\n:1\r\n",
        b"*1\r\n$5\r\na\r\n",
        b"*99999999999\r\n",
        b"$1\r\na\r\n",
        b"*0\r\n",
        b"",
    ],
)
def test_a_command_for_redis_is_a_list_of_strings_and_nothing_else(query: bytes) -> None:
    answer = redis_answer(Kept(), query)
    if query.startswith(b"*3"):
        assert answer is None, "the address of this service is not known"
    else:
        assert answer is not None
        assert answer.startswith(b"-ERR ")
