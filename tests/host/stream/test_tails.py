"""Trailers and informational responses, and which streams have something to send."""

from __future__ import annotations

from typing import Any

import pytest
from tests.host.dialogue import REQUEST, RESPONSE, messages, run, says
from tests.host.scripted import scripted

from proxywasm import Action, HttpContext, Plugin, RuleError, wire
from proxywasm_host.stream import Limits, SequenceError

Config = dict[str, Any]
SUM = [("x-sum", "6")]


def seeing(seen: list[str]) -> Plugin[Config]:
    plugin: Plugin[Config] = Plugin("tails")
    plugin.on_request_trailers(lambda ctx, config: seen.append(f"request {ctx.request_trailers['x-sum']}"))
    plugin.on_response_trailers(lambda ctx, config: seen.append(f"response {ctx.response_trailers['x-sum']}"))
    return plugin


def test_trailers_pass_and_are_shown_behind_the_body() -> None:
    seen: list[str] = []
    stream = run(seeing(seen)).open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"abc", False)
    stream.request_trailers(SUM)
    stream.response_headers(RESPONSE, False)
    stream.response_trailers([("X-Sum", "7")])
    assert says(stream) == [
        ("up headers", [], False),
        ("up body", b"abc", False),
        ("up trailers", SUM),
        ("down headers", [], False),
        ("down trailers", [("x-sum", "7")]),
    ]
    assert seen == ["request 6", "response 7"]
    assert stream.request_done
    assert stream.response_done


def test_a_plugin_without_callbacks_for_trailers_is_not_called() -> None:
    called: list[str] = []
    stream = scripted(lambda name, *_: called.append(name)).open()
    stream.request_headers(REQUEST, False)
    stream.request_trailers(SUM)
    stream.response_headers(RESPONSE, False)
    stream.response_trailers(SUM)
    stream.close()
    assert called == ["on_request_headers", "on_response_headers", "on_done"]


def test_the_last_chunk_of_a_streamed_body_is_empty_and_has_a_place_in_front_of_the_trailers() -> None:
    plugin: Plugin[Config] = Plugin("brackets")
    plugin.on_streaming_response_body(lambda ctx, config, chunk, last: b"<" + chunk + b">" if not last else b"end")
    stream = run(plugin).open()
    stream.request_headers(REQUEST, True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"a", False)
    stream.response_trailers(SUM)
    assert says(stream)[2:] == [("down body", b"<a>", False), ("down body", b"end", False), ("down trailers", SUM)]


@pytest.mark.parametrize("together", [True, False])
def test_trailers_wait_behind_chunks_that_wait(together: bool) -> None:
    contexts: list[HttpContext] = []
    plugin: Plugin[Config] = Plugin("waits")

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: Config) -> Action:
        contexts.append(ctx)
        return Action.PAUSE

    plugin.on_request_body(lambda ctx, config, body: ctx.replace_request_body(body.upper()))
    plugin.on_stream_done(lambda ctx, config: contexts[0].resume_http_request())
    runner = run(plugin)
    stream, other = runner.open(), runner.open()
    stream.request_headers(REQUEST, False)
    for _ in range(1 if together else 2000):
        stream.request_body(b"a", False)
    stream.request_trailers(SUM)
    assert says(stream) == []
    other.request_headers(REQUEST, True)
    other.close()
    said = says(stream)
    assert said[0] == ("up headers", [], False)
    assert b"".join(event[1] for event in said[1:-1]) == b"A" * (1 if together else 2000)
    assert said[-1] == ("up trailers", SUM)


def test_trailers_behind_an_injected_response_follow_its_end() -> None:
    plugin: Plugin[Config] = Plugin("injects")
    plugin.on_response_headers(lambda ctx, config: ctx.need_pause_streaming_response())

    @plugin.on_streaming_response_body
    def chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> None:
        ctx.inject_response_body(chunk.upper() or b"end", last_chunk)

    stream = run(plugin).open()
    stream.request_headers(REQUEST, True)
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"a", False)
    stream.response_trailers(SUM)
    assert says(stream)[2:] == [("down body", b"A", False), ("down body", b"end", False), ("down trailers", SUM)]
    assert stream.response_done


def test_a_body_that_is_replaced_in_front_of_trailers_has_its_own_length() -> None:
    plugin: Plugin[Config] = Plugin("longer")
    plugin.on_request_headers(lambda ctx, config: Action.STOP_ITERATION)
    plugin.on_request_body(lambda ctx, config, body: ctx.replace_request_body(body * 3))
    stream = run(plugin).open()
    stream.request_headers([*REQUEST, ("content-length", "2")], False)
    stream.request_body(b"ab", False)
    stream.request_trailers(SUM)
    assert says(stream) == [
        ("up headers", [("content-length", "6")], False),
        ("up body", b"ababab", False),
        ("up trailers", SUM),
    ]


def test_trailers_can_be_changed_in_their_callback_and_not_later() -> None:
    kept: list[HttpContext] = []
    plugin: Plugin[Config] = Plugin("late")

    @plugin.on_request_trailers
    def trailers(ctx: HttpContext, config: Config) -> None:
        kept.append(ctx)
        ctx.request_trailers["x-sum"] = "changed"
        for name in ("content-length", "connection", ":path"):
            with pytest.raises((RuleError, ValueError)):
                ctx.request_trailers[name] = "1"

    @plugin.on_response_headers
    def response_headers(ctx: HttpContext, config: Config) -> None:
        with pytest.raises(RuleError, match=r"cannot change header 'x-sum': the trailers have gone on"):
            kept[0].request_trailers["x-sum"] = "late"
        with pytest.raises(RuleError, match="there are no trailers"):
            ctx.response_trailers["x-sum"] = "early"

    stream = run(plugin).open()
    stream.request_headers(REQUEST, False)
    stream.request_trailers(SUM)
    stream.response_headers(RESPONSE, True)
    assert says(stream)[1] == ("up trailers", [("x-sum", "changed")])


@pytest.mark.parametrize("fail_open", [True, False])
def test_a_failure_at_the_trailers_is_one_like_any_other(fail_open: bool) -> None:
    plugin: Plugin[Config] = Plugin("fails")
    plugin.on_request_trailers(lambda ctx, config: 1 / 0)  # type: ignore[arg-type,return-value]
    runner = run(plugin, fail_open=fail_open)
    stream = runner.open()
    stream.request_headers(REQUEST, False)
    stream.request_trailers(SUM)
    said = says(stream)
    if fail_open:
        assert said == [("up headers", [], False), ("up trailers", SUM)]
    else:
        assert said[1] == ("close upstream",)
        assert said[2][1][0] == (":status", "500")
    assert "ZeroDivisionError" in messages(runner)[0]


@pytest.mark.parametrize(
    ("fields", "status"), [([(":path", "/")], "400"), ([("a b", "c")], "400"), ([("x", "y" * 50)], "431")]
)
def test_trailers_that_cannot_be_are_refused_like_headers(fields: list[tuple[str, str]], status: str) -> None:
    seen: list[str] = []
    stream = run(seeing(seen), limits=Limits(header_size=200)).open()
    stream.request_headers(REQUEST, False)
    stream.request_trailers(fields * (5 if status == "431" else 1))
    assert says(stream)[2][1][0] == (":status", status)
    assert seen == []


def test_an_informational_response_passes_ahead_and_unseen() -> None:
    called: list[str] = []
    stream = scripted(lambda name, *_: called.append(name)).open()
    with pytest.raises(SequenceError, match="before the request headers"):
        stream.informational_response([(":status", "100")])
    stream.request_headers(REQUEST, True)
    stream.informational_response([(":status", "100")])
    stream.informational_response([(":status", "103"), ("Link", "</a>")])
    stream.response_headers(RESPONSE, True)
    assert says(stream)[1:] == [
        ("down informational", [(":status", "100")]),
        ("down informational", [(":status", "103"), ("link", "</a>")]),
        ("down headers", [], True),
    ]
    assert called == ["on_request_headers", "on_response_headers"]
    with pytest.raises(SequenceError, match="after the response headers"):
        stream.informational_response([(":status", "103")])


@pytest.mark.parametrize("status", ["101", "200", "x", ""])
def test_what_is_no_informational_response_does_not_pass_as_one(status: str) -> None:
    runner = run(Plugin("nothing"))
    stream = runner.open()
    stream.request_headers(REQUEST, True)
    stream.informational_response([(":status", status)] if status else [])
    stream.response_headers(RESPONSE, True)
    assert says(stream)[1:] == [("down headers", [], True)]
    assert "informational response is malformed" in messages(runner)[0]


def test_the_runner_says_which_streams_have_something_to_send() -> None:
    def answer(name: str, context: int = 0, *_: Any) -> Any:
        match name:
            case "on_request_headers" if context > 1:
                return [wire.HoldPhase(wire.Hold.PAUSE)]
            case "on_request_headers":
                return [wire.ReadRequestBody(wire.BodyMode.STREAM, None)]
            case "on_tick":
                return [wire.EffectiveContext(3), wire.ResumeRequest()]
            case "on_request_body":
                return [wire.EffectiveContext(2), wire.ResumeRequest()]
        return None

    runner = scripted(answer)
    first, second, third = (runner.open() for _ in range(3))
    for stream in (first, second, third):
        stream.request_headers(REQUEST, False)
    assert runner.ready() == [first]
    assert runner.ready() == [first], "until it is taken"
    first.take()
    assert runner.ready() == []
    runner.tick()
    assert runner.ready() == [third]
    first.request_body(b"a", True)
    assert set(runner.ready()) == {first, second, third}, "what one stream is fed may make others ready"
    second.take()
    first.take()
    third.close()
    assert runner.ready() == [], "who closes a stream has it in hand"
    assert third.take() != []


def test_a_lost_instance_makes_all_its_streams_ready() -> None:
    def answer(name: str, *_: Any) -> Any:
        if name == "on_tick":
            raise wire.ProgramLost("trap")
        return [wire.HoldPhase(wire.Hold.PAUSE)]

    runner = scripted(answer)
    streams = [runner.open() for _ in range(100)]
    for stream in streams:
        stream.request_headers(REQUEST, True)
    assert runner.ready() == []
    runner.tick()
    assert runner.ready() == streams
    for stream in streams:
        stream.close()
    assert runner.ready() == []
