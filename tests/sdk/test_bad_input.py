"""What an author does wrong: an error that names the rule, and a stream that ends in a defined way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.sdk.driving import START_NS, Start, answer, errors, http_call, last, request, respond

from proxywasm import HttpContext, Plugin, RuleError, shared_data
from proxywasm.adapters.native import native_program
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import Limits, Reset, Runner

CASES = {
    "headers return text": "on_request_headers must return an Action or None, got 'continue'",
    "body returns bytes": "on_request_body must return an Action or None, got b'body'",
    "body stops iteration": "STOP_ITERATION, which is for header callbacks",
    "chunk returns text": "a streaming body callback must return bytes or None, got str",
    "resume without pause": "cannot resume: the request of this stream is not paused",
    "resume response without pause": "cannot resume: the response of this stream is not paused",
    "edit too early": "cannot change header 'x': there is no response yet",
    "edit in a phase that is over": "cannot change header 'x': the headers have gone on",
    "replace a body that is not there": "there is no body to replace: on_request_body is not running",
    "replace by text": "a body is bytes, got str",
    "inject without taking": "cannot inject response data: no chunk has been taken",
    "return a taken chunk": "must return nothing after need_pause_streaming_response",
    "return a chunk that it takes": "must return nothing after need_pause_streaming_response",
    "reply twice": "cannot reply: this stream has been answered with a local reply",
    "odd status": "42 is not a status that can be sent",
    "odd header": "a value cannot contain NUL, CR or LF",
    "header of a number": "name and value must be str, got int",
    "unknown cluster": "HttpCallError: no such cluster: 'outbound|80||nowhere.dns'",
    "no callback": "the callback of a call-out must be callable",
    "redis without init": "call init() of the Redis client before its commands",
    "metric that shrinks": "a counter only grows",
    "route call after the headers": "cannot make a route call: the headers have gone on",
}


@pytest.mark.parametrize(("behaviour", "message"), CASES.items(), ids=list(CASES))
def test_the_error_names_the_rule_and_the_client_gets_a_500(start: Start, behaviour: str, message: str) -> None:
    runner = start(behaviour, services=HostServices(clusters=()))
    for number in range(2):
        stream = request(runner, b"in")
        respond(stream, b"out")
        *earlier, error = errors(runner)
        assert len(earlier) == number, "an error each"
        assert message in error
        # What a callback returned is found wrong after it, so the message says which it was.
        assert "bad_input.py" in error
        assert stream.local_reply is not None
        assert stream.local_reply.status == 500
        # Response headers that have gone out cannot be taken back.
        resets = [event for event in stream.take() if isinstance(event, Reset)]
        assert bool(resets) == (
            behaviour in ("chunk returns text", "return a taken chunk", "return a chunk that it takes")
        )
        stream.close()


@pytest.mark.parametrize(
    ("behaviour", "rule"),
    [
        ("headers return text", "on_request_headers must return an Action or None"),
        ("body returns bytes", "on_request_body must return an Action or None"),
        ("chunk returns text", "a streaming body callback must return bytes or None"),
    ],
)
def test_a_wrong_result_of_a_callback_is_told_with_file_line_and_function(
    start: Start, behaviour: str, rule: str
) -> None:
    runner = start(behaviour)
    stream = request(runner, b"in")
    respond(stream, b"out")
    assert re.search(rf"/bad_input\.py:\d+: <lambda>: {rule}", errors(runner)[0])


def test_an_edit_after_the_resume_names_the_rule(start: Start) -> None:
    runner = start("edit after resume")
    stream = request(runner)
    answer(runner, http_call(runner))
    assert "cannot change header 'x': the request has been resumed" in errors(runner)[0]
    assert stream.local_reply is not None


def test_an_error_in_the_callback_of_a_call_out_ends_the_stream_that_waits(start: Start) -> None:
    runner = start("raise in a callback")
    stream = request(runner)
    answer(runner, http_call(runner))
    assert "ValueError: in the callback" in errors(runner)[0]
    assert stream.local_reply is not None
    assert stream.local_reply.status == 500


@pytest.mark.parametrize(("behaviour", "half"), [("no answer", "request"), ("no answer to a response", "response")])
def test_a_stream_that_nobody_resumes_does_not_hang(start: Start, behaviour: str, half: str) -> None:
    services = HostServices(start_ns=START_NS)
    runner = start(behaviour, services=services, limits=Limits(paused_ms=1000))
    stream = request(runner)
    if half == "response":
        respond(stream)
    services.clock.advance(999)
    runner.expire()
    assert stream.local_reply is None
    services.clock.advance(1)
    for _ in range(2):
        runner.expire()
    assert errors(runner) == [f"the {half} is paused, and nothing has resumed it in time"]
    assert stream.local_reply is not None
    assert stream.local_reply.status == 500
    assert stream.response_done


def native(plugin: Plugin[Any]) -> Runner:
    services = HostServices()
    program = native_program(plugin, services)
    program.configure("{}", LogLevel.INFO)
    return Runner(program, services)


@pytest.mark.parametrize(
    "touch",
    [
        lambda ctx: ctx.request_headers.add("x", "y"),
        lambda ctx: ctx.response_headers.add("x", "y"),
        lambda ctx: ctx.send_http_response(200),
        lambda ctx: ctx.resume_http_request(),
        lambda ctx: ctx.set_request_body_buffer_limit(1),
    ],
    ids=["request headers", "response headers", "reply", "resume", "limit"],
)
def test_a_stream_that_has_ended_cannot_be_touched(touch: Callable[[HttpContext], object]) -> None:
    plugin: Plugin[Any] = Plugin("keeper")
    kept: list[HttpContext] = []

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: Any) -> None:
        kept.append(ctx)
        if len(kept) == 2:
            touch(kept[0])

    runner = native(plugin)
    request(runner).close()
    request(runner)
    assert "this stream has ended" in errors(runner)[0]


def test_an_async_callback_is_refused_when_it_is_registered() -> None:
    async def callback(ctx: HttpContext, config: object) -> None:
        pass

    with pytest.raises(TypeError, match="callback is async: callbacks are plain functions"):
        Plugin[object]("async").on_request_headers(callback)  # type: ignore[arg-type]


def test_what_needs_a_running_plugin_says_so_elsewhere() -> None:
    with pytest.raises(RuleError, match=r"shared_data.get is possible only while a callback of the plugin runs"):
        shared_data.get("k")


def test_a_reply_after_the_response_has_begun_resets_it() -> None:
    plugin: Plugin[Any] = Plugin("late")

    @plugin.on_streaming_response_body
    def chunk(ctx: HttpContext, config: Any, chunk: bytes, last_chunk: bool) -> None:
        ctx.send_http_response(500)

    stream = request(native(plugin))
    respond(stream, b"x")
    assert last(stream, Reset)
