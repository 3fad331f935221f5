"""Headers of a streamed response that wait for more than its first chunk."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.driving import START_NS, Start, answer, errors, http_call, request, respond

from proxywasm import Action, Plugin
from proxywasm.adapters.native import native_program
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import CloseUpstream, Limits, ResponseBody, ResponseHeaders, Runner, Stream


def sent(stream: Stream) -> list[object]:
    """What the client gets: the header that the plugin adds, and chunks."""
    events: list[object] = []
    for event in stream.take():
        if isinstance(event, ResponseHeaders):
            events.append(dict(event.fields).get("x-first-line"))
        elif isinstance(event, ResponseBody):
            events.append((event.data, event.end_of_stream))
    return events


def test_headers_wait_until_a_chunk_goes_on_and_can_be_changed_until_then(start: Start) -> None:
    stream = request(start("first line"))
    respond(stream, b"he", b"", b"llo", b"\nmore", b"rest")
    assert sent(stream) == ["hello", (b"hello\nmore", False), (b"rest", True)]
    assert stream.response_done


def test_nothing_is_sent_as_long_as_chunks_are_taken(start: Start) -> None:
    stream = request(start("first line"))
    stream.response_headers([(":status", "200")], False)
    stream.response_body(b"he", False)
    assert sent(stream) == []
    assert not stream.response_done


def test_after_the_last_chunk_a_call_out_may_let_the_headers_go(start: Start) -> None:
    runner = start("first line")
    stream = request(runner)
    respond(stream, b"he", b"llo")
    call = http_call(runner)
    assert sent(stream) == []
    answer(runner, call, body=b"none")
    assert sent(stream) == ["none", (b"", True)]
    assert stream.response_done


def test_after_the_last_chunk_a_call_out_may_answer_otherwise(start: Start) -> None:
    runner = start("first line")
    stream = request(runner)
    respond(stream, b"hello")
    answer(runner, http_call(runner), 404)
    assert sent(stream) == [None, (b"no line", True)]
    assert stream.local_reply is not None
    assert stream.local_reply.status == 502


def test_headers_that_have_gone_cannot_wait(start: Start) -> None:
    runner = start("first line", {"too late": True})
    stream = request(runner)
    respond(stream, b"hello\n", b"more")
    assert (
        "RuleError: on_streaming_response_body returned STOP_ITERATION, but the headers have gone on"
        in errors(runner)[0]
    )


def test_headers_that_nobody_lets_go_do_not_hang_the_stream() -> None:
    plugin: Plugin[Any] = Plugin("forgetful")
    plugin.on_response_headers(lambda ctx, config: Action.STOP_ITERATION)
    plugin.on_streaming_response_body(lambda ctx, config, chunk, last: Action.STOP_ITERATION)
    services = HostServices(start_ns=START_NS)
    program = native_program(plugin, services)
    program.configure("{}", LogLevel.INFO)
    runner = Runner(program, services, limits=Limits(paused_ms=1_000))
    stream = request(runner)
    respond(stream, b"a")
    services.clock.advance(1_000)
    runner.expire()
    assert errors(runner) == ["the response is paused, and nothing has resumed it in time"]
    assert stream.response_done


@pytest.mark.parametrize("fail_open", [False, True])
def test_a_failure_with_chunks_in_hand_is_an_error_also_when_failing_open(start: Start, fail_open: bool) -> None:
    """What the plugin has taken is lost with it."""
    runner = start("first line", fail_open=fail_open)
    stream = request(runner)
    stream.take()
    stream.response_headers([(":status", "200")], False)
    stream.response_body(b"he", False)
    stream.response_body(b"\xff\n", False)  # It is no text, and cannot become a header.
    assert "UnicodeDecodeError" in errors(runner)[0]
    events = stream.take()
    assert events[0] == CloseUpstream()
    assert isinstance(events[1], ResponseHeaders)
    assert dict(events[1].fields)[":status"] == "500"
    assert stream.response_done
