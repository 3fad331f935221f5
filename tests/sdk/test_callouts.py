"""HTTP call-outs: in every phase, with every outcome; route calls."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.driving import START_NS, Start, answer, errors, http_call, last, logs, request, respond

from proxywasm import ClusterClient, HttpContext, Plugin, TargetCluster
from proxywasm.adapters.native import native_program
from proxywasm.http_client import split_url
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import (
    CloseUpstream,
    RequestBody,
    RequestHeaders,
    ResponseBody,
    ResponseHeaders,
    Runner,
    Stream,
)

PHASES = ["request headers", "request body", "response headers", "response body"]


def call_in(start: Start, phase: str, **runner: Any) -> tuple[Runner, Stream]:
    runner_ = start("call in a phase", {"phase": phase}, **runner)
    stream = request(runner_, b"question")
    if phase.startswith("response"):
        respond(stream, b"reply")
    return runner_, stream


@pytest.mark.parametrize("phase", PHASES)
def test_a_stream_waits_for_the_answer_and_goes_on_in_any_phase(start: Start, phase: str) -> None:
    runner, stream = call_in(start, phase)
    half = phase.split(maxsplit=1)[0]
    waiting = [type(event) for event in stream.take()]
    assert ResponseHeaders not in waiting
    assert (RequestHeaders in waiting) == (half == "response")
    call = http_call(runner)
    assert (call.cluster, call.timeout_ms, call.context) == ("outbound|80||auth.internal.dns", 300, stream.id)
    assert call.headers == [
        (":method", "POST"),
        (":path", "/check"),
        (":authority", "auth.internal.dns"),
        ("x-phase", phase),
    ]
    body = {"request body": b"question", "response body": b"reply"}.get(phase, b"no body")
    assert call.body == body
    answer(runner, call, 200, b"new", x_user="alice")
    headers, content = stream.take()
    assert isinstance(headers, RequestHeaders | ResponseHeaders)
    assert isinstance(headers, RequestHeaders) == (half == "request")
    assert ("x-answer", "alice") in headers.fields
    unchanged = b"question" if half == "request" else b"reply"
    assert isinstance(content, RequestBody | ResponseBody)
    assert content.data == (b"new" if phase.endswith("body") else unchanged)


@pytest.mark.parametrize("phase", PHASES)
def test_a_reply_from_the_callback_answers_the_client_in_any_phase(start: Start, phase: str) -> None:
    runner, stream = call_in(start, phase)
    answer(runner, http_call(runner), 403, b"go away")
    events = stream.take()
    assert isinstance(events[-2], ResponseHeaders)
    assert events[-2].fields == [(":status", "403"), ("x-by", "plugin")]
    assert events[-1] == ResponseBody(b"go away", True)
    assert (CloseUpstream() in events) == phase.startswith("response")


@pytest.mark.parametrize("phase", PHASES)
def test_an_answer_that_never_comes_is_none_when_its_time_is_up(start: Start, phase: str) -> None:
    services = HostServices(start_ns=START_NS)
    runner, stream = call_in(start, phase, services=services)
    call = http_call(runner)
    services.clock.advance(299)
    runner.expire()
    assert stream.local_reply is None
    services.clock.advance(1)
    runner.expire()
    assert stream.local_reply is not None
    assert (stream.local_reply.status, stream.local_reply.body) == (504, b"no answer")
    stream.take()
    answer(runner, call, 200, x_user="late")
    assert stream.take() == []
    assert errors(runner) == []


def test_no_answer_differs_from_a_502(start: Start) -> None:
    runner = start("calls of the plugin")
    call = http_call(runner)
    answer(runner, call, 502)
    runner.tick()
    runner.http_call_response(http_call(runner).id, [], b"")
    assert [record.message for record in logs(runner)] == [
        "start is answered: 502 received",
        "tick is answered: 502 not received",
    ]


def test_calls_follow_each_other_to_the_service_of_the_route(start: Start) -> None:
    runner = start("chain")
    stream = request(runner)
    first = http_call(runner)
    assert first.cluster == "outbound|443||llm.dns"
    assert (":authority", "other.example") in first.headers
    assert first.timeout_ms == 5000
    answer(runner, first, body=b"1")
    second = http_call(runner)
    assert (":path", "/second?of=1") in second.headers
    assert (":authority", "example.com") in second.headers
    answer(runner, second, body=b"token")
    sent = last(stream, RequestHeaders)
    assert isinstance(sent, RequestHeaders)
    assert ("x-token", "token") in sent.fields


def test_calls_of_a_stream_that_goes_away_are_cancelled(start: Start) -> None:
    runner, gone = call_in(start, "request headers")
    sent = http_call(runner)
    gone.close()
    assert runner.services.take_cancelled() == [sent.id]
    assert runner.services.take_cancelled() == []
    answer(runner, sent)
    gone = request(runner)
    gone.close()
    assert runner.services.take_calls() == []
    assert runner.services.take_cancelled() == []
    assert logs(runner) == []


def test_the_plugin_itself_calls_at_the_start_in_ticks_and_after_streams(start: Start) -> None:
    runner = start("calls of the plugin")
    at_start = http_call(runner)
    assert at_start.context == 0
    runner.tick()
    in_tick = http_call(runner)
    stream = request(runner)
    stream.close()
    report = http_call(runner)
    assert (report.context, report.body) == (0, b"/p?q=1")
    for call in (report, in_tick):
        answer(runner, call, 201)
    answer(runner, at_start, body=b"bad")
    assert [record.message for record in logs(runner)[:2]] == [
        "stream 1 is answered: 201 received",
        "tick is answered: 201 received",
    ]
    assert "ValueError: start" in errors(runner)[0]
    assert {record.context for record in logs(runner)} == {0}


# Route calls.


def test_a_route_call_sends_another_request_on_the_same_route(start: Start) -> None:
    stream = request(start("route call"), b"original", content_length="8", accept_encoding="gzip")
    headers, body = stream.take()
    assert isinstance(headers, RequestHeaders)
    assert body == RequestBody(b"{}", True)
    assert sorted(headers.fields) == [
        (":authority", "llm.example"),
        (":method", "PUT"),
        (":path", "/v1/%C3%BC?q=1"),
        (":scheme", "https"),
        ("x-a", "b"),
        ("x-envoy-original-host", "example.com"),
        ("x-envoy-original-method", "POST"),
        ("x-envoy-original-path", "/p?q=1"),
        ("x-request-id", "r-1"),
    ]


@pytest.mark.parametrize(
    ("then", "status", "body"),
    [("nothing", "200", b"abc"), ("reply", "201", b"ABC"), ("edit", "200", b"abcabc"), ("pause", "200", b"abc")],
)
def test_the_callback_of_a_route_call_gets_the_whole_answer(start: Start, then: str, status: str, body: bytes) -> None:
    runner = start("route call", {"then": then})
    stream = request(runner, b"original")
    stream.take()
    respond(stream, b"a", b"bc", content_length="3")
    if then == "pause":
        assert stream.take() == []
        answer(runner, http_call(runner))
    *_, headers, content = stream.take()
    assert isinstance(headers, ResponseHeaders)
    assert (":status", status) in headers.fields
    assert ("x-response-callback", "called") not in headers.fields
    assert ("content-length", "6") in headers.fields or then != "edit"
    assert content == ResponseBody(body, True)
    assert errors(runner) == []


def test_a_route_call_without_bodies_works_too(start: Start) -> None:
    runner = start("route call", {"then": "reply"})
    stream = request(runner)
    sent = last(stream, RequestHeaders)
    assert isinstance(sent, RequestHeaders)
    assert (":path", "/lookup") in sent.fields
    respond(stream)
    assert stream.local_reply is not None
    assert stream.local_reply.status == 201


@pytest.mark.parametrize(
    ("status", "details", "told"),
    [
        (504, "upstream_response_timeout", b"504, received False, failed True"),
        (504, "via_upstream", b"504, received True, failed True"),
        (500, "via_upstream", b"500, received True, failed False"),
    ],
)
def test_a_route_call_tells_the_gateways_own_answer_from_one(
    start: Start, status: int, details: str, told: bytes
) -> None:
    stream = request(start("route call", {"then": "tell"}))
    stream.response_headers([(":status", str(status))], True, details)
    assert stream.local_reply is not None
    assert stream.local_reply.body == told


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("", ("", "/")),
        ("x", ("", "/x")),
        ("/a%2Fb c", ("", "/a%2Fb%20c")),
        ("http://user@host:8080/p?q=a b&r=%20#f", ("host:8080", "/p?q=a%20b&r=%20")),
        ("//host/p", ("", "//host/p")),
        ("/\\host/p", ("", "/%5Chost/p")),
        (" //host/p", ("", "/%20//host/p")),
        ("\t//host/p", ("", "/%09//host/p")),
        ("host:80/p", ("", "/host:80/p")),
        ("/p?to=http://host/", ("", "/p?to=http://host/")),
        ("HTTPS://host?q", ("host", "/?q")),
        ("http://host#f", ("host", "/")),
    ],
)
def test_urls_are_escaped_where_the_author_has_not(url: str, parts: tuple[str, str]) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete", "connect", "trace"])
def test_every_method_sends_itself(method: str) -> None:
    plugin: Plugin[Any] = Plugin("methods")
    client = ClusterClient(TargetCluster("c", ""))

    @plugin.on_request_headers
    def call(ctx: HttpContext, config: Any) -> None:
        getattr(client, method)("/", print, headers={":path": "/other", "A": "b"}, timeout_ms=7)

    services = HostServices(log_level=LogLevel.DEBUG)
    program = native_program(plugin, services)
    program.configure("{}", LogLevel.DEBUG)
    runner = Runner(program, services)
    request(runner)
    sent = http_call(runner)
    assert sent.headers == [
        (":method", method.upper()), (":path", "/"), (":authority", "unknownhost"), ("a", "b"),
    ]  # fmt: skip
    assert sent.timeout_ms == 7
    assert logs(runner)[0].message == f"http call 1: {method.upper()} / of c, 7 ms, headers [('a', 'b')], body b''"
