"""Injection into streamed responses, bodies of another length, and what a context tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sdk.driving import REQUEST, START_NS, Start, answer, errors, http_call, last, logs, request, respond

from proxywasm import HttpContext, Plugin
from proxywasm.adapters.native import native_program
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices, Properties
from proxywasm_host.stream import (
    CloseUpstream,
    Limits,
    RequestBody,
    RequestHeaders,
    Reset,
    ResponseBody,
    ResponseHeaders,
    Runner,
    Stream,
)


def body(stream: Stream) -> list[tuple[bytes, bool]]:
    return [(event.data, event.end_of_stream) for event in stream.take() if isinstance(event, ResponseBody)]


# Limits.


@pytest.mark.parametrize(("limit", "status"), [(b"4", "413"), (b"5", None)])
def test_a_limit_may_be_known_only_when_the_body_is_being_read(start: Start, limit: bytes, status: str | None) -> None:
    runner = start("limited while waiting")
    stream = request(runner, b"large")
    answer(runner, http_call(runner), body=limit)
    said = stream.take()
    assert [event.data for event in said if isinstance(event, RequestBody)] == ([] if status else [b"LARGE"])
    assert [event.fields[0][1] for event in said if isinstance(event, ResponseHeaders)] == ([status] if status else [])


def test_a_plugin_may_answer_instead_of_a_response_that_is_too_large(start: Start) -> None:
    for what, status in ((b"mine", "503"), (b"not mine", "502")):
        runner = start("too large", {"answers": what == b"mine"})
        stream = request(runner)
        respond(stream, b"large", b"r", b"")
        said = stream.take()
        assert [event.fields[0][1] for event in said if isinstance(event, ResponseHeaders)] == [status]
        assert b"large" not in b"".join(event.data for event in said if isinstance(event, ResponseBody))
        assert errors(runner) == []


# Injection.


def test_taken_chunks_go_on_when_they_are_injected(start: Start) -> None:
    runner = start("inject")
    stream = request(runner)
    respond(stream, b"a", b"b")
    first, second = runner.services.take_calls()
    assert isinstance(stream.take()[-1], ResponseHeaders)
    answer(runner, first, body=b"1")
    assert body(stream) == [(b"1:ab", False)]
    assert not stream.response_done
    answer(runner, second, body=b"2")
    assert body(stream) == [(b"2:", True)]
    assert stream.response_done
    assert errors(runner) == []


def test_chunks_may_be_injected_in_their_own_phase(start: Start) -> None:
    stream = request(start("inject", {"at once": True}))
    respond(stream, b"a", b"b", b"")
    assert body(stream) == [(b"A", False), (b"B", False), (b"", True)]
    assert stream.response_done


@pytest.mark.parametrize("chunks", [(b"onetwoEND!", b""), (b"one", b"twoEND!"), (b"one", b"twoEND!", b"")])
def test_only_the_end_of_a_response_may_wait(start: Start, chunks: tuple[bytes, ...]) -> None:
    """Chunks before it have passed as they were. The answer may come before the response has ended, or after it."""
    for late in (False, True):
        runner = start("end waits")
        stream = request(runner)
        early = chunks[: -1 if chunks[-1] == b"" and not late else None]
        stream.response_headers([(":status", "200")], False)
        for number, chunk in enumerate(early):
            stream.response_body(chunk, number == len(chunks) - 1)
        assert b"".join(data for data, _ in body(stream)) == b"onetwo"
        assert not stream.response_done
        answer(runner, http_call(runner), body=b"?")
        sent = body(stream)
        if len(early) < len(chunks):
            assert sent == [(b"!?", False)]
            stream.response_body(b"", True)
            sent = body(stream)
        assert sent[-1][1]
        assert stream.response_done
        assert errors(runner) == []


def test_between_two_chunks_nothing_can_be_injected_before_one_is_taken(start: Start) -> None:
    """The gateway could put it nowhere. The next chunk is taken."""
    runner = start("taken between chunks")
    stream = request(runner)
    stream.response_headers([(":status", "200")], False)
    stream.response_body(b"passes", False)
    answer(runner, http_call(runner))
    stream.response_body(b"is taken", True)
    passed, (injected, ended) = body(stream)
    assert passed == (b"passes", False)
    assert b"no chunk has been taken" in injected
    assert ended
    assert errors(runner) == []


def test_a_failure_while_chunks_are_held_resets_the_response_also_when_failing_open(start: Start) -> None:
    for fail_open in (False, True):
        runner = start("inject", fail_open=fail_open)
        stream = request(runner)
        respond(stream, b"a")
        answer(runner, http_call(runner), 500)
        assert "ValueError: the masker failed" in errors(runner)[0]
        assert isinstance(stream.take()[-1], Reset)
        assert stream.response_done


def test_chunks_that_are_never_injected_do_not_hang_the_stream(start: Start) -> None:
    services = HostServices(start_ns=START_NS)
    runner = start("inject", services=services, limits=Limits(paused_ms=10_000))
    stream = request(runner)
    respond(stream, b"a", b"b")
    first, second = services.take_calls()
    answer(runner, first)
    services.clock.advance(9_000)
    runner.expire()
    assert "paused" not in str(errors(runner)), "the second call has timed out, its callback has injected the end"
    assert stream.response_done
    answer(runner, second)
    assert errors(runner) == []


def native(plugin: Plugin[Any], **runner: Any) -> Runner:
    services = HostServices(start_ns=START_NS)
    program = native_program(plugin, services)
    program.configure("{}", LogLevel.INFO)
    return Runner(program, services, **runner)


def taking(callback: Any) -> Plugin[Any]:
    plugin: Plugin[Any] = Plugin("taking")
    plugin.on_response_headers(lambda ctx, config: ctx.need_pause_streaming_response())
    plugin.on_streaming_response_body(callback)
    return plugin


def test_a_response_whose_end_is_taken_and_never_injected_is_reset_in_time() -> None:
    runner = native(taking(lambda ctx, config, chunk, last: None), limits=Limits(paused_ms=1000))
    stream = request(runner)
    respond(stream, b"a")
    runner.services.clock.advance(1000)
    runner.expire()
    assert errors(runner) == ["the response is paused, and nothing has resumed it in time"]
    assert isinstance(stream.take()[-1], Reset)


def test_an_end_that_is_injected_early_drops_the_rest_of_the_response() -> None:
    runner = native(taking(lambda ctx, config, chunk, last: ctx.inject_response_body(b"enough", end_of_stream=True)))
    stream = request(runner)
    stream.response_headers([(":status", "200")], False)
    stream.take()
    stream.response_body(b"a", False)
    stream.response_body(b"b", True)
    assert stream.take() == [CloseUpstream(), ResponseBody(b"enough", True)]
    assert stream.response_done


def test_an_injection_after_the_end_names_the_rule() -> None:
    def twice(ctx: HttpContext, config: Any, chunk: bytes, last_chunk: bool) -> None:
        ctx.inject_response_body(b"", end_of_stream=True)
        ctx.inject_response_body(b"more")

    runner = native(taking(twice))
    respond(request(runner), b"a")
    assert "cannot inject response data" in errors(runner)[0]


def test_a_reply_while_chunks_are_taken_resets_the_response() -> None:
    runner = native(taking(lambda ctx, config, chunk, last: ctx.send_http_response(500)))
    stream = request(runner)
    respond(stream, b"a")
    assert isinstance(stream.take()[-1], Reset)
    assert errors(runner) == []


# Content-length.


def test_the_length_of_a_replaced_body_is_corrected_if_it_was_given(start: Start) -> None:
    stream = request(start("longer bodies"), b"abc", content_length="3")
    headers = last(stream, RequestHeaders)
    assert isinstance(headers, RequestHeaders)
    assert ("content-length", "6") in headers.fields
    respond(stream, b"ab", b"cd", content_length="4")
    answered = last(stream, ResponseHeaders)
    assert isinstance(answered, ResponseHeaders)
    assert ("content-length", "8") in answered.fields


def test_a_length_that_was_not_given_is_not_invented(start: Start) -> None:
    stream = request(start("longer bodies"), b"abc")
    headers = last(stream, RequestHeaders)
    assert isinstance(headers, RequestHeaders)
    assert "content-length" not in dict(headers.fields)


@pytest.mark.parametrize("half", ["request", "response"])
def test_a_length_that_has_gone_on_must_stay_true(start: Start, half: str) -> None:
    runner = start("longer bodies", {"release": True})
    stream = request(runner, b"abc", **({"content_length": "3"} if half == "request" else {}))
    if half == "response":
        respond(stream, b"abc", content_length="3")
    assert (
        f"the {half} headers have gone on with content-length 3, and the new body has 6 bytes: return "
        f"Action.STOP_ITERATION from on_{half}_headers, or delete content-length there"
    ) in errors(runner)[0]


# What a context tells.


def test_a_context_tells_about_its_stream_in_every_phase(start: Start) -> None:
    services = HostServices()
    seen: dict[str, bytes] = {}
    written = {"custom_log", "ai_log", "trace_span_tag.path", "trace_span_tag.n", "trace_span_tag.empty"}
    services_close = services.close_stream

    def close_stream(context: int) -> Properties:
        properties = services_close(context)
        seen.update({path[0]: value for path, value in properties.items() if path[0] in written})
        return properties

    services.close_stream = close_stream  # type: ignore[method-assign]
    runner = start("facts", services=services)
    stream = request(runner, b"in")
    services.set_property(stream.id, ("ai_log",), rb"{\"model\":\"qwen\",\"n\":0}")
    respond(stream, b"out")
    headers = last(stream, ResponseHeaders)
    assert isinstance(headers, ResponseHeaders)
    assert json.loads(dict(headers.fields)["x-facts"]) == [
        "https",
        "example.com",
        "/p?q=1",
        "POST",
        True,
        True,
        True,
        "route-1",
        None,
        1,
        "?",
        {"path": "/p?q=1", "n": 1, "empty": ""},
    ]
    assert services.get_property(stream.id, ("clear_route_cache",)) == b"off"
    stream.close()
    attributes = {
        "path": "/p?q=1",
        "n": 1,
        "empty": "",
        "phases": ["DecodeHeader", "DecodeData", "EncodeHeader", "EncodeData", "Done"],
    }
    assert json.loads(json.loads(f'"{seen["custom_log"].decode()}"')) == attributes
    assert json.loads(json.loads(f'"{seen["ai_log"].decode()}"')) == {"model": "qwen", **attributes}
    assert (seen["trace_span_tag.path"], seen["trace_span_tag.n"]) == (b"/p?q=1", b"1")
    assert "trace_span_tag.empty" not in seen
    assert [record.message for record in logs(runner)] == ["the attribute empty is empty and not added to the trace"]


def test_a_log_attribute_that_nobody_understands_is_overwritten_and_visible() -> None:
    plugin: Plugin[Any] = Plugin("attributes")

    @plugin.on_request_headers
    def write(ctx: HttpContext, config: Any) -> None:
        ctx.set_user_attribute_map({"a": "ü\"'\n"})
        ctx.set_property("custom_log", b"[1]")
        ctx.write_user_attribute_to_log()

    runner = native(plugin)
    stream = request(runner)
    assert "custom_log is overwritten" in logs(runner)[0].message
    value = runner.services.get_property(stream.id, ("custom_log",)) or b""
    assert json.loads(json.loads(f'"{value.decode()}"')) == {"a": "ü\"'\n"}


def test_a_websocket_and_a_binary_body_are_what_the_client_said() -> None:
    seen: list[tuple[bool, bool, bool]] = []
    plugin: Plugin[Any] = Plugin("facts")

    @plugin.on_request_headers
    def change(ctx: HttpContext, config: Any) -> None:
        ctx.request_headers["content-type"] = "application/json"
        ctx.request_headers.discard("upgrade")

    @plugin.on_request_body
    def not_called(ctx: HttpContext, config: Any, body: bytes) -> None:
        seen.append((False, False, False))

    @plugin.on_stream_done
    def done(ctx: HttpContext, config: Any) -> None:
        seen.append((ctx.is_websocket(), ctx.is_binary_request_body(), ctx.is_binary_response_body()))

    stream = native(plugin).open()
    extra = [("content-type", "application/grpc"), ("connection", "Upgrade"), ("upgrade", "WebSocket")]
    stream.request_headers([*REQUEST, *extra], False)
    stream.request_body(b"x", True)
    respond(stream, b"x", content_encoding="br")
    stream.close()
    assert seen == [(True, True, True)]
