"""The rules of an HTTP stream, one sentence each, told as dialogues."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.host.dialogue import REQUEST, RESPONSE, messages, run, says

from proxywasm import Action, HttpContext, Plugin
from proxywasm_host.stream import Limits, SequenceError

Config = dict[str, Any]


def body_plugin(*, hold: Action | None = None) -> Plugin[Config]:
    """Upper-cases whole bodies in both directions. It has callbacks for headers only if they are held."""
    plugin: Plugin[Config] = Plugin("upper")
    if hold:
        plugin.on_request_headers(lambda ctx, config: hold)
        plugin.on_response_headers(lambda ctx, config: hold)

    @plugin.on_request_body
    def request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
        if hold:
            ctx.request_headers["x-size"] = str(len(body))
        ctx.replace_request_body(body.upper())

    @plugin.on_response_body
    def response_body(ctx: HttpContext, config: Config, body: bytes) -> None:
        ctx.replace_response_body(body.upper())

    return plugin


def headers_plugin(callback: Callable[[HttpContext], Action | None]) -> Plugin[Config]:
    plugin: Plugin[Config] = Plugin("headers")
    plugin.on_request_headers(lambda ctx, config: callback(ctx))
    return plugin


def test_a_plugin_without_callbacks_lets_everything_pass_at_once() -> None:
    stream = run(Plugin("nothing")).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"a", False)
    assert says(stream) == [("up headers", [], False), ("up body", b"a", False)]
    stream.request_body(b"", True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"b", True)
    assert says(stream) == [("up body", b"", True), ("down headers", [], False), ("down body", b"b", True)]
    assert stream.request_done
    assert stream.response_done


def test_edited_headers_go_on_with_their_edits() -> None:
    def edit(ctx: HttpContext) -> None:
        ctx.request_headers["X-New"] = "1"
        ctx.request_headers.add("x-new", "2")
        del ctx.request_headers["content-type"]

    stream = run(headers_plugin(edit)).open()
    stream.request_headers(REQUEST, True)
    assert says(stream) == [("up headers", [("x-new", "1"), ("x-new", "2")], True)]


@pytest.mark.parametrize(
    "chunks", [[b"abc"], [b"a", b"bc"], [b"a", b"b", b"c", b""]], ids=["one", "many", "empty last"]
)
def test_a_buffered_body_is_given_once_and_whole(chunks: list[bytes]) -> None:
    stream = run(body_plugin()).open()
    stream.request_headers(REQUEST, False)
    for chunk in chunks[:-1]:
        stream.request_body(chunk, False)
    assert says(stream) == [("up headers", [], False)]
    stream.request_body(chunks[-1], True)
    assert says(stream) == [("up body", b"ABC", True)]


def test_stopped_headers_wait_for_the_buffered_body_and_can_be_changed_there() -> None:
    stream = run(body_plugin(hold=Action.STOP_ITERATION)).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"ab", False)
    assert says(stream) == []
    stream.request_body(b"c", True)
    assert says(stream) == [("up headers", [("x-size", "3")], False), ("up body", b"ABC", True)]


def test_stopped_headers_whose_body_nobody_reads_go_on_with_the_first_chunk() -> None:
    stream = run(headers_plugin(lambda ctx: Action.STOP_ITERATION)).open()
    stream.request_headers(REQUEST, False)
    assert says(stream) == []
    stream.request_body(b"a", False)
    assert says(stream) == [("up headers", [], False), ("up body", b"a", False)]


def test_a_request_without_body_has_no_body_phase() -> None:
    stream = run(body_plugin()).open()
    stream.request_headers(REQUEST, True)
    assert says(stream) == [("up headers", [], True)]


@pytest.mark.parametrize(
    "header",
    [
        ("content-type", "application/octet-stream"),
        ("content-type", "application/grpc"),
        ("content-encoding", "gzip"),
    ],
)
def test_binary_bodies_are_not_read(header: tuple[str, str]) -> None:
    stream = run(body_plugin()).open()
    stream.request_headers([*REQUEST[:3], header], False)
    stream.request_body(b"abc", True)
    assert says(stream)[-1] == ("up body", b"abc", True)
    stream.response_headers([RESPONSE[0], header], False)
    stream.response_body(b"abc", True)
    assert says(stream)[-1] == ("down body", b"abc", True)


def test_bodies_of_websockets_are_not_read() -> None:
    stream = run(body_plugin()).open()
    stream.request_headers([*REQUEST, ("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")], False)
    stream.request_body(b"abc", False)
    assert says(stream)[-1] == ("up body", b"abc", False)
    stream.response_headers([(":status", "101")], False)
    stream.response_body(b"abc", True)
    assert says(stream)[-1] == ("down body", b"abc", True)


def streaming_plugin(*, buffer: bool = False) -> Plugin[Config]:
    plugin: Plugin[Config] = body_plugin()

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: Config) -> None:
        if buffer:
            ctx.buffer_request_body()
            ctx.buffer_response_body()

    @plugin.on_streaming_request_body
    def request(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes:
        return b"<" + chunk + b">"

    @plugin.on_streaming_response_body
    def response(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes | None:
        return chunk[::-1] if not last_chunk else None

    return plugin


def test_a_streaming_callback_gets_each_chunk_and_returns_what_goes_on() -> None:
    stream = run(streaming_plugin()).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"ab", False)
    stream.request_body(b"", True)
    assert says(stream)[1:] == [("up body", b"<ab>", False), ("up body", b"<>", True)]
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"cd", False)
    stream.response_body(b"ef", True)
    assert says(stream)[1:] == [("down body", b"dc", False), ("down body", b"ef", True)]


def test_buffering_on_request_beats_the_streaming_callback() -> None:
    stream = run(streaming_plugin(buffer=True)).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"ab", False)
    stream.request_body(b"c", True)
    assert says(stream)[1:] == [("up body", b"ABC", True)]
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"ab", False)
    stream.response_body(b"", True)
    assert says(stream)[1:] == [("down body", b"AB", True)]


def test_what_a_streaming_callback_swallows_is_not_sent() -> None:
    plugin: Plugin[Config] = Plugin("swallow")
    plugin.on_streaming_response_body(lambda ctx, config, chunk, last_chunk: b"")
    stream = run(plugin).open()
    stream.request_headers(REQUEST, True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"ab", False)
    stream.response_body(b"cd", True)
    assert says(stream)[1:] == [("down headers", [], False), ("down body", b"", True)]


def paused(contexts: list[HttpContext]) -> Plugin[Config]:
    """Pauses every header phase and keeps the context, so that a test can resume."""
    plugin = body_plugin()

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: Config) -> Action:
        contexts.append(ctx)
        return Action.PAUSE

    @plugin.on_response_headers
    def response_headers(ctx: HttpContext, config: Config) -> Action:
        return Action.PAUSE

    @plugin.on_stream_done
    def done(ctx: HttpContext, config: Config) -> None:
        for other in contexts:
            if other is not ctx:
                other.request_headers["x-late"] = "1"
                other.resume_http_request()

    return plugin


def test_a_paused_request_goes_on_when_another_stream_resumes_it() -> None:
    contexts: list[HttpContext] = []
    runner = run(paused(contexts))
    first, second = runner.open(), runner.open()
    first.request_headers(REQUEST, False)
    first.request_body(b"a", False)
    first.request_body(b"b", True)
    second.request_headers(REQUEST, True)
    assert says(first) == []
    second.close()
    assert says(first) == [("up headers", [("x-late", "1")], False), ("up body", b"AB", True)]


def test_a_local_reply_answers_the_client_and_the_upstream_sees_nothing() -> None:
    seen: list[str] = []
    plugin = headers_plugin(lambda ctx: ctx.send_http_response(403, {"X-Why": "no"}, "go away", details="blocked"))

    @plugin.on_response_headers
    def response_headers(ctx: HttpContext, config: Config) -> None:
        seen.append(ctx.response_headers[":status"])
        assert not ctx.is_response_from_upstream()
        assert ctx.get_property("response", "code_details") == b"blocked"
        ctx.response_headers["x-seen"] = "yes"

    stream = run(plugin).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"ignored", True)
    headers = [(":status", "403"), ("x-why", "no"), ("x-seen", "yes")]
    assert says(stream) == [("down headers", headers, False), ("down body", b"go away", True)]
    assert seen == ["403"]
    assert stream.local_reply is not None
    stream.response_headers(RESPONSE, True)
    assert says(stream) == []


def test_a_local_reply_in_the_body_phase_replaces_what_is_held() -> None:
    plugin: Plugin[Config] = Plugin("block")
    plugin.on_request_headers(lambda ctx, config: Action.STOP_ITERATION)
    plugin.on_request_body(lambda ctx, config, body: ctx.send_http_response(400))
    stream = run(plugin).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"x", True)
    assert says(stream) == [("down headers", [(":status", "400")], True)]


def test_a_local_reply_after_the_request_went_on_closes_the_upstream() -> None:
    plugin: Plugin[Config] = Plugin("late")
    plugin.on_request_body(lambda ctx, config, body: ctx.send_http_response(400))
    stream = run(plugin).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"x", True)
    assert says(stream)[1:] == [("close upstream",), ("down headers", [(":status", "400")], True)]


def test_a_local_reply_in_a_response_phase_replaces_held_headers() -> None:
    plugin: Plugin[Config] = Plugin("late")
    plugin.on_response_headers(lambda ctx, config: Action.STOP_ITERATION)
    plugin.on_response_body(lambda ctx, config, body: ctx.send_http_response(502, body=b"bad"))
    stream = run(plugin).open()
    stream.request_headers(REQUEST, True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"x", True)
    assert says(stream)[2:] == [("down headers", [(":status", "502")], False), ("down body", b"bad", True)]


def test_a_local_reply_after_the_response_headers_resets_the_stream() -> None:
    plugin: Plugin[Config] = Plugin("late")
    plugin.on_response_body(lambda ctx, config, body: ctx.send_http_response(502))
    stream = run(plugin).open()
    stream.request_headers(REQUEST, True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"x", True)
    assert says(stream)[-1] == ("reset",)
    assert stream.local_reply is not None


def failing(phase: str) -> Plugin[Config]:
    plugin: Plugin[Config] = Plugin("failing")

    def boom(*_: object) -> None:
        raise ZeroDivisionError(phase)

    getattr(plugin, phase)(boom)
    return plugin


PHASES = ["on_request_headers", "on_request_body", "on_response_headers", "on_response_body", "on_stream_done"]


def whole_exchange(stream: Any) -> list[tuple[Any, ...]]:
    stream.request_headers(REQUEST, False)
    stream.request_body(b"in", True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"out", True)
    stream.close()
    return says(stream)


PASSED = [
    ("up headers", [], False),
    ("up body", b"in", True),
    ("down headers", [], False),
    ("down body", b"out", True),
]


@pytest.mark.parametrize("phase", PHASES)
def test_a_plugin_that_raises_fails_open_as_if_it_were_not_there(phase: str) -> None:
    runner = run(failing(phase), fail_open=True)
    assert whole_exchange(runner.open()) == PASSED
    assert "ZeroDivisionError" in messages(runner)[0]
    assert __file__ in messages(runner)[0]


@pytest.mark.parametrize("phase", PHASES)
def test_a_plugin_that_raises_fails_closed_and_the_next_stream_works(phase: str) -> None:
    runner = run(failing(phase))
    out = whole_exchange(runner.open())
    reply = [("down headers", [(":status", "500"), ("content-type", "text/plain")], False)]
    expected = {
        "on_request_headers": [*reply, ("down body", b"the plugin failed", True)],
        "on_request_body": [PASSED[0], ("close upstream",), *reply, ("down body", b"the plugin failed", True)],
        "on_response_headers": [*PASSED[:2], ("close upstream",), *reply, ("down body", b"the plugin failed", True)],
        "on_response_body": [*PASSED[:3], ("close upstream",), ("reset",)],
        "on_stream_done": PASSED,
    }
    assert out == expected[phase]
    assert len(messages(runner)) == 1
    assert whole_exchange(runner.open())
    assert not runner.streams


def test_a_request_body_beyond_the_limit_is_answered_413() -> None:
    stream = run(body_plugin(hold=Action.STOP_ITERATION), limits=Limits(request_body=5)).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"12345", False)
    assert says(stream) == []
    stream.request_body(b"6", False)
    assert says(stream)[0] == ("down headers", [(":status", "413"), ("content-type", "text/plain")], False)
    stream.request_body(b"7", True)
    assert says(stream) == []


@pytest.mark.parametrize(("wanted", "allowed"), [(3, 3), (10, 10), (20, 15)])
def test_a_plugin_sets_its_own_limit_for_a_stream_within_the_hosts(wanted: int, allowed: int) -> None:
    plugin = body_plugin()
    plugin.on_request_headers(lambda ctx, config: ctx.set_request_body_buffer_limit(wanted))

    def said(size: int) -> list[tuple[Any, ...]]:
        stream = run(plugin, limits=Limits(request_body=5, asked_body=15)).open()
        stream.request_headers(REQUEST, False)
        stream.request_body(b"x" * size, True)
        return says(stream)

    assert said(allowed)[-1] == ("up body", b"X" * allowed, True)
    assert said(allowed + 1)[-2][1][0] == (":status", "413")


def test_a_response_body_beyond_the_limit_is_a_502_or_a_reset() -> None:
    for hold, last in ((Action.STOP_ITERATION, 502), (Action.CONTINUE, "reset")):
        plugin: Plugin[Config] = Plugin("limited")
        plugin.on_response_headers(lambda ctx, config, hold=hold: hold)  # type: ignore[misc]
        plugin.on_response_body(lambda ctx, config, body: None)
        stream = run(plugin, limits=Limits(response_body=5)).open()
        stream.request_headers(REQUEST, True)
        stream.response_headers(RESPONSE, False)
        stream.response_body(b"123456", False)
        said = says(stream)
        assert said[-1] == ("reset",) if last == "reset" else said[-2][1][0] == (":status", "502")


def test_a_plugin_may_answer_instead_of_a_response_that_is_too_large() -> None:
    plugin: Plugin[Config] = Plugin("limited")
    plugin.on_response_headers(lambda ctx, config: Action.STOP_ITERATION)
    plugin.on_response_body(lambda ctx, config, body: pytest.fail("it never comes whole"))
    plugin.on_response_too_large(lambda ctx, config: ctx.send_http_response(503, body=b"mine"))
    stream = run(plugin, limits=Limits(response_body=5)).open()
    stream.request_headers(REQUEST, True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"123456", False)
    said = says(stream)
    assert said[-2][1][0] == (":status", "503")
    assert said[-1] == ("down body", b"mine", True)
    stream.response_body(b"7", True)
    assert says(stream) == []


@pytest.mark.parametrize("fail_open", [True, False])
def test_a_plugin_that_fails_over_a_response_that_is_too_large_is_treated_as_everywhere(fail_open: bool) -> None:
    plugin: Plugin[Config] = Plugin("limited")
    plugin.on_response_headers(lambda ctx, config: Action.STOP_ITERATION)
    plugin.on_response_body(lambda ctx, config, body: None)
    plugin.on_response_too_large(lambda ctx, config: 1 / 0)  # type: ignore[arg-type]
    stream = run(plugin, limits=Limits(response_body=5), fail_open=fail_open).open()
    stream.request_headers(REQUEST, True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"123", False)
    stream.response_body(b"456", False)
    said = says(stream)
    if fail_open:
        stream.response_body(b"7", True)
        assert b"".join(one[1] for one in said + says(stream) if one[0] == "down body") == b"1234567"
    else:
        assert said[-2][1][0] == (":status", "500")


def test_chunks_that_wait_for_a_paused_stream_count_against_the_limit() -> None:
    stream = run(headers_plugin(lambda ctx: Action.PAUSE), limits=Limits(request_body=5)).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"123456", False)
    assert says(stream)[0][1][0] == (":status", "413")


def test_chunks_that_wait_take_no_more_room_than_their_bytes() -> None:
    """A client may send millions of empty chunks, or of one byte each."""
    given: list[bytes] = []
    plugin: Plugin[Config] = Plugin("held")
    plugin.on_request_headers(lambda ctx, config: Action.PAUSE)
    plugin.on_streaming_request_body(lambda ctx, config, chunk, last: given.append(chunk))
    runner = run(plugin)
    stream = runner.open()
    stream.request_headers(REQUEST, False)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            stream.request_body(b"", False)
            stream.request_body(b"x", False)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    stream.request_body(b"", True)
    stream.resume(stream.request)
    assert b"".join(given) == b"x" * 100_000
    assert given[:4] == [b"", b"x", b"", b"x"], "few chunks are given as they came"


@pytest.mark.parametrize("fields", [[("x", "")] * 5, [("x", "y" * 40)], [("y" * 41, "")]])
def test_headers_from_outside_that_are_too_large_never_reach_the_plugin(fields: list[tuple[str, str]]) -> None:
    asked: list[str] = []
    plugin: Plugin[Config] = Plugin("asked")
    plugin.on_request_headers(lambda ctx, config: asked.append("request"))
    plugin.on_response_headers(lambda ctx, config: asked.append("response"))
    plugin.on_stream_done(lambda ctx, config: asked.append("done"))
    limits = Limits(header_count=4, header_size=40)

    runner = run(plugin, limits=limits)
    stream = runner.open()
    stream.request_headers(fields, False)
    assert says(stream)[0][1][0] == (":status", "431")
    stream.request_body(b"x", True)
    stream.close()
    assert asked == []

    stream = runner.open()
    stream.request_headers([(":method", "GET")], True)
    stream.response_headers(fields, False)
    stream.response_body(b"x", True)
    assert says(stream)[-2][1][0] == (":status", "502")
    stream.close()
    assert asked == ["request", "done"]


def test_a_plugin_cannot_give_a_message_more_header_fields_than_it_may_have() -> None:
    for limits, value in ((Limits(header_count=8), "y"), (Limits(header_size=160), "y" * 20)):
        contexts: list[HttpContext] = []

        def edit_first(ctx: HttpContext, contexts: list[HttpContext] = contexts, value: str = value) -> Action:
            contexts.append(ctx)
            contexts[0].request_headers.add("x", value)
            return Action.PAUSE

        runner = run(headers_plugin(edit_first), limits=limits)
        first = runner.open()
        first.request_headers(REQUEST, True)
        for _ in range(3):
            runner.open().request_headers(REQUEST, True)
            assert says(first) == []
        runner.open().request_headers(REQUEST, True)
        assert says(first)[0][1][0] == (":status", "500")


def test_events_out_of_order_are_the_callers_fault() -> None:
    stream = run(Plugin("nothing")).open()
    with pytest.raises(SequenceError, match="before the request headers"):
        stream.request_body(b"", True)
    stream.request_headers(REQUEST, True)
    with pytest.raises(SequenceError, match="already"):
        stream.request_headers(REQUEST, True)
    with pytest.raises(SequenceError, match="came after its end"):
        stream.request_body(b"", True)


def test_the_end_of_a_stream_runs_on_stream_done_once() -> None:
    seen: list[int] = []
    plugin: Plugin[Config] = Plugin("done")
    plugin.on_stream_done(lambda ctx, config: seen.append(ctx.id))
    runner = run(plugin)
    gone, whole = runner.open(), runner.open()
    gone.request_headers(REQUEST, False)
    gone.close()
    gone.close()
    whole_exchange(whole)
    assert seen == [1, 2]
    assert not runner.streams


@given(st.lists(st.binary(max_size=20), min_size=1), st.lists(st.binary(max_size=20), min_size=1), st.booleans())
def test_any_chunking_gives_the_same_bodies(up: list[bytes], down: list[bytes], buffered: bool) -> None:
    plugin: Plugin[Config] = Plugin("echo")
    if buffered:
        plugin.on_request_body(lambda ctx, config, body: ctx.replace_request_body(body.upper()))
        plugin.on_response_body(lambda ctx, config, body: ctx.replace_response_body(body.upper()))
    else:
        plugin.on_streaming_request_body(lambda ctx, config, chunk, last: chunk.upper())
        plugin.on_streaming_response_body(lambda ctx, config, chunk, last: chunk.upper())
    stream = run(plugin).open()
    stream.request_headers(REQUEST, False)
    for index, chunk in enumerate(up):
        stream.request_body(chunk, index == len(up) - 1)
    stream.response_headers(RESPONSE, False)
    for index, chunk in enumerate(down):
        stream.response_body(chunk, index == len(down) - 1)
    said = says(stream)
    assert b"".join(e[1] for e in said if e[0] == "up body") == b"".join(up).upper()
    assert b"".join(e[1] for e in said if e[0] == "down body") == b"".join(down).upper()
    assert stream.request_done
    assert stream.response_done


def test_a_traceback_with_a_lone_surrogate_is_still_text() -> None:
    plugin: Plugin[Config] = Plugin("surrogate")

    @plugin.on_request_headers
    def boom(ctx: HttpContext, config: Config) -> None:
        raise ValueError("\ud800")

    runner = run(plugin)
    runner.open().request_headers(REQUEST, True)
    assert messages(runner)[0].encode().endswith(b"ValueError: \\ud800")
