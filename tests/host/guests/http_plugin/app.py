"""A plugin without the SDK: request headers choose what it does. For tests of the host alone."""

import datetime
import os
import random
import time
import uuid
from collections.abc import Callable

import wit_world
from componentize_py_types import Err
from wit_world.imports import host
from wit_world.imports.types import (
    BodyMode,
    BodyReading,
    Command_EditRequestHeaders,
    Command_EditRequestTrailers,
    Command_EditResponseHeaders,
    Command_EditResponseTrailers,
    Command_EffectiveContext,
    Command_Fail,
    Command_Hold,
    Command_InjectResponseBody,
    Command_ReadRequestBody,
    Command_ReadRequestTrailers,
    Command_ReadResponseBody,
    Command_ReadResponseTrailers,
    Command_ReplaceRequestBody,
    Command_ReplaceResponseBody,
    Command_ResumeRequest,
    Command_ResumeResponse,
    Command_SendLocalReply,
    Hold,
    HttpResponse,
    Injection,
    LocalReply,
    LogLevel,
    MetricKind,
    Outcome,
    Outcome_Commands,
    Outcome_EditRequestHeaders,
    Outcome_EditResponseHeaders,
    Outcome_Failed,
    Outcome_Latin1,
    Outcome_Unchanged,
    Outcome_Utf8,
    Payload,
    Payload_Latin1,
    Payload_Utf8,
    StartError_Failed,
    StartError_Refused,
)


def every_command() -> Outcome:
    reply = LocalReply(503, "a\0b\0c\0", Payload_Latin1("\xff"), "plugin.no")
    return Outcome_Commands(
        [
            Command_EffectiveContext(7),
            Command_Hold(Hold.STOP_ITERATION),
            Command_ReadRequestBody(BodyReading(BodyMode.SKIP, None)),
            Command_ReadResponseBody(BodyReading(BodyMode.STREAM, 2**32 - 1)),
            Command_EditRequestHeaders("=a\0b\0-c\0"),
            Command_EditResponseHeaders(""),
            Command_ReplaceRequestBody(Payload_Utf8("é")),
            Command_ReplaceResponseBody(Payload_Latin1("é")),
            Command_InjectResponseBody(Injection(Payload_Latin1("é"), True)),
            Command_ResumeRequest(),
            Command_ResumeResponse(),
            Command_SendLocalReply(reply),
            Command_Fail("Traceback of the plugin"),
            Command_ReadRequestTrailers(),
            Command_ReadResponseTrailers(),
            Command_EditRequestTrailers("+a\0b"),
            Command_EditResponseTrailers("-c\0"),
        ]
    )


def every_question() -> Outcome:
    host.log(LogLevel.WARN, 3, "grüße")
    host.set_property(1, "a\0b", Payload_Latin1("\x00\xff"))
    answers: list[object] = [
        host.get_property(1, "a\0b"),
        host.get_property(1, "missing"),
        host.get_shared_data("k"),
        host.set_shared_data("k", Payload_Utf8("v"), 0),
        host.get_shared_data("k"),
        host.set_shared_data("k", Payload_Utf8("w"), 99),
        host.http_call(1, "cluster", "a\0b", Payload_Utf8("body"), 500),
    ]
    try:
        host.http_call(1, "nowhere", "", Payload_Utf8(""), 500)
    except Err as error:
        answers.append(error)
    host.redis_init("redis", "user", "secret", 100)
    answers.append(host.redis_call(1, "redis", Payload_Utf8("*0")))
    answers.append(host.call_foreign_function("f", Payload_Latin1("é")))
    for refused in (
        lambda: host.redis_init("nowhere", "", "", 100),
        lambda: host.redis_call(1, "nowhere", Payload_Utf8("")),
        lambda: host.call_foreign_function("g", Payload_Utf8("")),
    ):
        try:
            refused()  # type: ignore[no-untyped-call]  # the bindings are generated
        except Err as error:
            answers.append(error)
    metric = host.define_metric(MetricKind.GAUGE, "g")
    host.increment_metric(metric, -(2**63))
    host.record_metric(metric, 2**64 - 1)
    answers.append(host.get_metric(metric))
    host.set_tick_period(250)
    return Outcome_Utf8("\n".join(map(repr, answers)))


def system() -> Outcome:
    what = (
        time.time_ns(),
        datetime.datetime.now(datetime.UTC).isoformat(),
        time.monotonic_ns(),
        uuid.uuid4().hex,
        os.urandom(4).hex(),
        random.SystemRandom().random(),
        dict(os.environ),
    )
    return Outcome_Utf8("\n".join(map(str, what)))


def recurse(depth: int = 0) -> int:
    return recurse(depth + 1) + 1


def deep() -> Outcome:
    try:
        recurse()
    except RecursionError as error:
        return Outcome_Utf8(type(error).__name__)
    return Outcome_Unchanged()


def sleep() -> Outcome:
    time.sleep(3600)
    return Outcome_Unchanged()


def raise_error() -> Outcome:
    raise ValueError("uncaught")


ACTIONS: dict[str, Callable[[], Outcome]] = {
    "commands": every_command,
    "questions": every_question,
    "system": system,
    "deep": deep,
    "sleep": sleep,
    "trap": raise_error,
    "exit": lambda: os._exit(3),
    "print": lambda: print("printed") or Outcome_Unchanged(),
    "log": lambda: host.log(LogLevel.INFO, 0, "") or Outcome_Unchanged(),
    "failed": lambda: Outcome_Failed("Traceback (most recent call last):\nValueError: no"),
    "request edits": lambda: Outcome_EditRequestHeaders("=a\0b\0-c\0"),
    "response edits": lambda: Outcome_EditResponseHeaders("+a\0"),
    "odd alone": lambda: Outcome_EditRequestHeaders("=a\0b\0c"),
    "odd": lambda: Outcome_Commands([Command_EditRequestHeaders("=a\0b\0c")]),
    "no-op": lambda: Outcome_Commands([Command_EditRequestHeaders("\0")]),
    "wide": lambda: Outcome_Latin1("\u0100"),
}


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # generated
    def configure(self, config: str, log_level: LogLevel) -> None:
        if config:
            kind = StartError_Failed if log_level is LogLevel.TRACE else StartError_Refused
            raise Err(kind(f"{config} {log_level.name}"))

    def on_request_headers(self, context: int, headers: str, end_of_stream: bool) -> Outcome:
        fields = headers.split("\0")
        action = ACTIONS.get(fields[1])
        return action() if action else Outcome_Utf8(repr((context, headers, end_of_stream)))

    def on_request_body(self, context: int, body: str, latin1: bool, end_of_stream: bool) -> Outcome:
        return Outcome_Latin1(body) if latin1 else Outcome_Utf8(body)

    def on_request_trailers(self, context: int, trailers: str) -> Outcome:
        return Outcome_Utf8(repr((context, trailers)))

    def on_response_headers(self, context: int, headers: str, end_of_stream: bool) -> Outcome:
        return Outcome_Utf8(repr((context, headers, end_of_stream)))

    def on_response_body(self, context: int, body: str, latin1: bool, end_of_stream: bool) -> Outcome:
        return Outcome_Unchanged()

    def on_response_trailers(self, context: int, trailers: str) -> Outcome:
        return Outcome_Utf8(repr((context, trailers)))

    def on_response_broken(self, context: int) -> Outcome:
        return Outcome_Utf8(f"broken {context}")

    def on_done(self, context: int) -> Outcome:
        return Outcome_Utf8(repr(context))

    def on_http_call_response(self, call: int, response: HttpResponse) -> Outcome:
        return Outcome_Utf8(repr((call, response.headers, response.body)))

    def on_redis_call_response(self, call: int, response: Payload | None) -> Outcome:
        return Outcome_Utf8(repr((call, response)))

    def on_tick(self) -> Outcome:
        return Outcome_Utf8("tick")
