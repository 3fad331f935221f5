"""Another request in place of one whose response the plugin does not want."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.driving import REQUEST, Start, answer, errors, http_call, logs, request

from proxywasm.wire import LocalReply
from proxywasm_host.stream import (
    CloseUpstream,
    Limits,
    RequestBody,
    RequestHeaders,
    Reset,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    StartOver,
    Stream,
)

SECOND = [
    (":method", "POST"),
    (":scheme", "https"),
    (":authority", "service-2.example"),
    (":path", "/v2"),
    ("x-attempt", "2"),
]


def respond(stream: Stream, status: int, *chunks: bytes, attempts: int = 0) -> None:
    """A response of the upstream, as far as the plugin lets it arrive."""
    stream.response_headers([(":status", str(status)), ("x-from", "upstream")], not chunks)
    for index, chunk in enumerate(chunks):
        if stream.attempts == attempts:
            stream.response_body(chunk, index == len(chunks) - 1)


def downstream(stream: Stream) -> list[Any]:
    """What the client gets: the status, chunks."""
    got: list[Any] = []
    for event in stream.take():
        if isinstance(event, ResponseHeaders):
            assert "x-lost" not in dict(event.fields)
            got.append(dict(event.fields)[":status"])
        elif isinstance(event, ResponseBody):
            got.append(event.data)
    return got


def test_another_request_goes_in_place_of_the_first_and_its_response_streams(start: Start) -> None:
    runner = start("second")
    stream = request(runner, b"hello")
    stream.take()
    stream.response_headers([(":status", "503"), ("x-from", "first")], False)
    body = b"again: hello"
    assert stream.take() == [
        StartOver(),
        RequestHeaders([*SECOND, ("content-length", str(len(body)))], False),
        RequestBody(body, True),
    ]
    stream.response_headers([(":status", "200"), ("x-from", "second")], False)
    (headers,) = stream.take()
    assert isinstance(headers, ResponseHeaders)
    assert dict(headers.fields) == {":status": "200", "x-from": "second", "x-can": "True"}
    stream.response_body(b"one", False)
    assert downstream(stream) == [b"ONE"]
    stream.response_body(b"two", True)
    assert downstream(stream) == [b"TWO"]
    assert stream.response_done
    stream.close()
    assert errors(runner) == []


def test_a_request_without_body_can_be_sent_again(start: Start) -> None:
    stream = request(start("second"))
    respond(stream, 404)
    assert stream.take()[-2:] == [StartOver(), RequestHeaders(SECOND, True)]


@pytest.mark.parametrize("returns", ["", "pause", "stop"])
def test_what_the_callback_returns_does_not_matter(start: Start, returns: str) -> None:
    runner = start("second", {"returns": returns})
    stream = request(runner, b"x")
    respond(stream, 500, b"old")
    stream.take()
    respond(stream, 200, b"new", attempts=1)
    assert downstream(stream) == ["200", b"NEW"]
    assert errors(runner) == []


@pytest.mark.parametrize("returns", ["", "stop"])
def test_the_first_chunk_may_say_that_the_response_is_not_wanted(start: Start, returns: str) -> None:
    runner = start("second", {"when": "chunk", "returns": returns})
    stream = request(runner, b"x")
    respond(stream, 200, b"error: overloaded", b"rest")
    assert [type(event) for event in stream.take()[-3:]] == [StartOver, RequestHeaders, RequestBody]
    respond(stream, 200, b"good", b"!", attempts=1)
    assert downstream(stream) == ["200", b"GOOD", b"!"]
    assert errors(runner) == []


def test_chunks_that_the_plugin_has_taken_do_not_keep_it_from_that(start: Start) -> None:
    runner = start("second", {"when": "second chunk"})
    stream = request(runner, b"x")
    respond(stream, 500, b"first", b"second", b"third")
    stream.take()
    respond(stream, 200, b"good", attempts=1)
    assert downstream(stream) == ["200", b"GOOD"]
    assert errors(runner) == []


@pytest.mark.parametrize("returns", ["", "pause"])
def test_a_whole_body_may_say_so_too_and_the_next_response_is_read_as_it_wants(start: Start, returns: str) -> None:
    runner = start("second", {"when": "whole", "returns": returns})
    stream = request(runner, b"x")
    respond(stream, 500, b"an ", b"error")
    stream.take()
    respond(stream, 200, b"a", b"b", attempts=1)
    assert downstream(stream) == ["200", b"A", b"B"]
    assert errors(runner) == []


def test_a_body_that_is_too_large_may_be_given_up(start: Start) -> None:
    runner = start("second", {"when": "whole"}, limits=Limits(response_body=4))
    stream = request(runner, b"x")
    respond(stream, 500, b"large", b"")
    stream.take()
    respond(stream, 200, b"ok", attempts=1)
    assert downstream(stream) == ["200", b"OK"]
    assert errors(runner) == []


def test_a_call_out_may_decide_while_the_response_is_paused(start: Start) -> None:
    runner = start("second", {"when": "call"})
    stream = request(runner, b"x")
    respond(stream, 500, b"old")
    stream.take()
    answer(runner, http_call(runner))
    assert [type(event) for event in stream.take()] == [StartOver, RequestHeaders, RequestBody]
    respond(stream, 200, b"new", attempts=1)
    assert downstream(stream) == ["200", b"NEW"]


def test_trailers_of_the_last_response_pass(start: Start) -> None:
    stream = request(start("second"), b"x")
    respond(stream, 500, b"old")
    stream.take()
    stream.response_headers([(":status", "200")], False)
    stream.response_body(b"new", False)
    stream.response_trailers([("x-sum", "1")])
    assert stream.take()[-1] == ResponseTrailers([("x-sum", "1")])


def test_what_has_gone_to_the_client_cannot_be_taken_back(start: Start) -> None:
    stream = request(start("second", {"when": "too late"}), b"x")
    respond(stream, 500, b"old", b"")
    status, first, *_ = downstream(stream)
    assert status == "500"
    assert first.startswith(b"[cannot send the request again: the headers have gone on")


def test_a_request_that_the_plugin_has_not_read_to_its_end_cannot_be_sent_again(start: Start) -> None:
    runner = start("second", {"when": "never", "early": True})
    stream = runner.open({})
    stream.request_headers(REQUEST, False)
    stream.response_headers([(":status", "413")], True)
    headers = stream.take()[-1]
    assert isinstance(headers, ResponseHeaders)
    assert dict(headers.fields)["x-can"] == "False"


def test_a_websocket_cannot_be_sent_again(start: Start) -> None:
    stream = request(start("second", {"when": "never"}), upgrade="websocket", connection="Upgrade")
    stream.response_headers([(":status", "403")], True)
    headers = stream.take()[-1]
    assert isinstance(headers, ResponseHeaders)
    assert dict(headers.fields)["x-can"] == "False"


def test_head_stays_head(start: Start) -> None:
    runner = start("second", {"method": "GET"})
    stream = runner.open({})
    stream.request_headers([(name, "HEAD" if name == ":method" else value) for name, value in REQUEST], True)
    stream.response_headers([(":status", "500")], True)
    assert "RuleError: cannot change the method HEAD to GET" in errors(runner)[0]


def test_there_are_not_more_requests_than_are_allowed(start: Start) -> None:
    runner = start("second", limits=Limits(attempts=3))
    stream = request(runner, b"x")
    for attempt in range(3):
        respond(stream, 500, b"old", attempts=attempt)
    assert downstream(stream) == ["500", b"the plugin failed"]
    assert errors(runner) == ["the plugin has sent 3 requests in one stream, more are not allowed"]


def test_a_plugin_limits_the_time_to_the_first_byte_of_each_request(start: Start) -> None:
    stream = request(start("second", {"first timeout": 1500, "timeout": 700}), b"x")
    assert stream.first_byte_ms == 1500
    respond(stream, 504, b"late")
    assert stream.first_byte_ms == 700


def test_the_clients_credentials_stay_out_of_tracebacks(start: Start) -> None:
    runner = start("second", {"method": "bad method"})
    stream = request(runner, b"x", authorization="Bearer sk-client-0123456789")
    respond(stream, 500, b"old")
    assert "sk-client" not in "".join(record.message for record in logs(runner))


def break_off(stream: Stream, *chunks: bytes) -> None:
    """A response whose headers the plugin holds breaks off after these chunks."""
    stream.take()
    stream.response_headers([(":status", "500"), ("x-from", "upstream")], False)
    for chunk in chunks:
        stream.response_body(chunk, False)
    stream.response_broken(LocalReply(503, [], b"broken", "why"))


@pytest.mark.parametrize("does", ["again", "call"])
@pytest.mark.parametrize("when", ["whole", "second chunk"])
@pytest.mark.parametrize("chunks", [(), (b"first",)])
def test_a_response_that_breaks_off_may_be_given_up(
    start: Start, does: str, when: str, chunks: tuple[bytes, ...]
) -> None:
    runner = start("second", {"when": when, "broken": does})
    stream = request(runner, b"x")
    break_off(stream, *chunks)
    if does == "call":
        assert stream.take() == []
        answer(runner, http_call(runner))
    assert [type(event) for event in stream.take()] == [StartOver, RequestHeaders, RequestBody]
    respond(stream, 200, b"new", attempts=1)
    assert downstream(stream) == ["200", b"NEW"]
    assert errors(runner) == []


@pytest.mark.parametrize(
    ("does", "got"),
    [
        (None, ["503", b"broken"]),
        ("reply", ["502"]),
        ("call", ["503", b"broken"]),
        ("stop", ["500"]),
    ],
)
def test_otherwise_the_client_gets_an_error(start: Start, does: str | None, got: list[Any]) -> None:
    runner = start("second", {"when": "second chunk", "broken": does})
    stream = request(runner, b"x")
    break_off(stream, b"first")
    if does == "call":
        answer(runner, http_call(runner), 404)
    assert downstream(stream) == got
    assert stream.response_done
    assert bool(errors(runner)) == (does == "stop")


def test_a_response_whose_headers_have_gone_on_is_not_the_plugins_any_more(start: Start) -> None:
    stream = request(start("second", {"when": "never", "broken": "again"}), b"x")
    stream.response_headers([(":status", "200"), ("x-from", "upstream")], False)
    stream.response_body(b"one", False)
    assert downstream(stream) == ["200", b"ONE"]
    stream.response_broken(LocalReply(503, [], b"broken", "why"))
    assert stream.take() == [CloseUpstream(), Reset("why")]
