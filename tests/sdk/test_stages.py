"""Requests that are sent again in a gateway with two stages: which attempt belongs to which stream."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm import Action, HttpContext, Plugin
from proxywasm.abi.calls import PASS, PASS_WHOLE, STOP_ALL, STOP_BODY, STOP_TRAILERS
from proxywasm.abi.stages import StagedStream, take_exchange
from proxywasm.abi.stream import Stream as AdapterStream
from proxywasm.field_text import join_fields
from proxywasm.replies import NO_PLACE
from proxywasm.wire import Fields

from .behaviours.sending_again import second
from .two_stages import FIRST, LIMIT, REQUEST, SECOND, Stream, TwoStages

EXCHANGE = ("x-proxywasm-exchange", "one")


def is_request(attempt: Stream, number: int, body: bytes) -> bool:
    """Whether the upstream gets the plugin's request of this number, with this body."""
    fields = dict(attempt.fields)
    expected = {":path": "/v2", "x-attempt": str(number), **({"content-length": str(len(body))} if body else {})}
    return expected.items() <= fields.items() and "x-proxywasm-exchange" not in fields and attempt.body == body


def objects(gateway: TwoStages, kind: type[AdapterStream[Any]]) -> list[object]:
    """Streams of the adapter that are in memory."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, kind) and each.root.gateway.abi is gateway]


def is_clients(attempt: Stream, body: bytes) -> bool:
    return attempt.fields[: len(REQUEST)] == REQUEST and attempt.body == body


@pytest.mark.parametrize("ahead", [False, True])
def test_attempts_of_two_streams_are_not_mixed_up(ahead: bool) -> None:
    """Whatever order their events come in, and also if the gateway creates streams before they begin."""
    gateway = TwoStages(second)
    one, two = gateway.request("one", b"1"), gateway.request("two", b"2")
    of_two, of_one = gateway.attempt("two", b"2", ahead=ahead), gateway.attempt("one", b"1", ahead=ahead)
    assert is_clients(of_one, b"1")
    assert is_clients(of_two, b"2")
    assert of_one.respond(503, b"busy") is None
    assert of_two.response_headers(200) == 0
    assert of_two.respond_body(b"good", end=False) == [b"GOOD"]
    assert of_one.reply
    assert of_one.reply.again
    of_one.end()
    again = gateway.attempt("one", b"1", ahead=ahead)
    assert is_request(again, 2, b"again: 1")
    assert of_two.respond_body(b" and more") == [b" AND MORE"]
    assert again.respond(200, b"late") == [b"LATE"]
    for stream in (of_two, two, again, one):
        stream.end()
    assert gateway.messages == []


NAME = "x-proxywasm-exchange"
words = st.sampled_from(["a", "", NAME])


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), words)),
    st.lists(st.tuples(st.sampled_from(["a", "b"]), words)),
)
def test_only_the_header_identifies_a_stream_and_no_value_of_a_client(before: Fields, after: Fields) -> None:
    """Otherwise a client could choose the stream, and the plugin would not see all of its headers."""
    before = [*REQUEST, *before]
    given, rest = join_fields([*before, (NAME, "one"), *after]).encode(), join_fields([*before, *after]).encode()
    assert take_exchange(given) == (b"one", rest)
    assert take_exchange(rest) == (b"", rest)


def test_two_streams_that_wait_for_their_next_attempt_get_each_its_own() -> None:
    gateway = TwoStages(second)
    for exchange in ("one", "two"):
        gateway.request(exchange, exchange.encode())
    for exchange in ("one", "two"):
        assert gateway.attempt(exchange, exchange.encode()).respond(500, b"busy") is None
    for exchange in ("two", "one"):
        assert is_request(gateway.attempt(exchange, exchange.encode()), 2, b"again: " + exchange.encode())


def test_what_an_attempt_does_that_has_been_given_up_reaches_no_plugin() -> None:
    gateway = TwoStages(second)
    gateway.request("one", b"1")
    first = gateway.attempt("one", b"1")
    assert first.respond(503, b"busy") is None
    again = gateway.attempt("one", b"1")
    first.reply = None
    assert first.response_headers(503) == PASS_WHOLE
    assert first.respond_body(b"of the first") == [b"of the first"]
    first.end()
    assert again.respond(200, b"good") == [b"GOOD"]


def test_a_stream_that_closes_forgets_its_exchange() -> None:
    """The plugin is not asked about an attempt that comes later. A stream that has the same value by chance is another
    one."""
    gateway = TwoStages(second)
    stream = gateway.request("one", b"1")
    first = gateway.attempt("one", b"1")
    assert first.respond(503, b"busy") is None
    stream.end()
    late = Stream(gateway, SECOND, ahead=False)
    assert late.request_headers([*REQUEST, EXCHANGE], False) == PASS_WHOLE
    assert late.respond(200, b"not the plugin's") == [b"not the plugin's"]
    first.end()
    late.end()
    gateway.request("one", b"2")
    attempt = gateway.attempt("one", b"2")
    assert is_clients(attempt, b"2")
    assert attempt.respond(200, b"good") == [b"GOOD"]


holding: Plugin[dict[str, Any]] = Plugin("holding")


@holding.on_request_headers
def read_details(ctx: HttpContext, config: dict[str, Any]) -> None:
    ctx.set_property(("details",), ctx.get_property("response", "code_details") or b"none")


@holding.on_response_headers
def hold(ctx: HttpContext, config: dict[str, Any]) -> Action:
    return Action.STOP_ITERATION


@pytest.mark.parametrize("first_to_end", ["client", "attempt"])
def test_a_stream_with_the_number_of_one_that_has_ended_is_another(first_to_end: str) -> None:
    gateway = TwoStages(holding)
    client = gateway.request("one", b"1")
    attempt = gateway.attempt("one", b"1", ahead=True)
    attempt.response_headers(200)
    attempt.details = b"broken off"
    for stream in [client, attempt] if first_to_end == "client" else [attempt, client]:
        stream.end()
    assert gateway.properties.pop((client.id, b"details")) == b"none"
    gateway.contexts = client.id - 1
    gateway.request("two", b"2")
    assert gateway.properties[client.id, b"details"] == b"none"
    unknown = Stream(gateway, 0, ahead=False)
    assert unknown.id == attempt.id
    assert unknown.request_headers(REQUEST, False) == PASS


@pytest.mark.parametrize("first_to_end", ["client", "attempt"])
def test_nothing_is_kept_of_streams_that_have_ended(first_to_end: str) -> None:
    gateway = TwoStages(second)
    for number in range(3):
        client = gateway.request(f"id-{number}", b"x")
        attempts = [gateway.attempt(f"id-{number}", b"x")]
        assert attempts[0].respond(500, b"busy") is None
        if number:
            attempts.append(gateway.attempt(f"id-{number}", b"x"))
            assert attempts[1].respond(200, b"good") == [b"GOOD"]
        for stream in [client, *attempts] if first_to_end == "client" else [*attempts, client]:
            stream.end()
    assert objects(gateway, AdapterStream) == []
    assert gateway.messages == []


def test_a_stream_that_was_created_and_has_not_begun_is_forgotten() -> None:
    gateway = TwoStages(second)
    never = Stream(gateway, SECOND, ahead=True)
    never.end()
    gateway.contexts = never.id - 1
    assert Stream(gateway, 0, ahead=False).request_headers(REQUEST, False) == PASS


def test_a_stream_has_16_requests_at_most() -> None:
    gateway = TwoStages(second)
    gateway.request("one", b"1")
    attempts = []
    for number in range(1, 17):
        attempts.append(gateway.attempt("one", b"1"))
        assert attempts[-1].respond(503, b"busy") is None
        assert attempts[-1].reply
        assert attempts[-1].reply.again == (number < 16)
    assert is_request(attempts[-1], 16, b"again: 1")
    assert attempts[-1].reply
    assert (attempts[-1].reply.status, attempts[-1].reply.body) == (500, b"the plugin failed")
    assert "this gateway sends each request once" in gateway.messages[-1]


@pytest.mark.parametrize("chunks", [(LIMIT,), (LIMIT - 1, 1), (1, 0, LIMIT - 1)])
@pytest.mark.parametrize("more", [0, 1])
def test_a_body_above_the_limit_cannot_be_sent_again(chunks: tuple[int, ...], more: int) -> None:
    """The first stage does not keep more than that, so it could not send the request once more."""
    gateway = TwoStages(second)
    body = [b"x" * size for size in (*chunks[:-1], chunks[-1] + more)]
    gateway.request("one", *body)
    attempt = gateway.attempt("one", *body)
    assert attempt.respond(503, b"busy") is None
    assert attempt.reply
    assert attempt.reply.again == (not more)


streaming: Plugin[dict[str, Any]] = Plugin("streaming")


@streaming.on_streaming_request_body
def grow(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    return chunk * config["times"] if config.get("times", 1) != 1 else chunk


@streaming.on_response_headers
def say_whether(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    ctx.set_property(("can",), str(ctx.can_send_again).encode())
    return None


@pytest.mark.parametrize(
    ("times", "size", "can"),
    [(1, LIMIT, True), (1, LIMIT + 1, False), (2, LIMIT // 2, True), (2, LIMIT // 2 + 1, False), (0, 2 * LIMIT, True)],
)
@pytest.mark.parametrize("chunks", [1, 2])
def test_of_a_streamed_body_counts_what_the_plugin_lets_go_on(times: int, size: int, can: bool, chunks: int) -> None:
    gateway = TwoStages(streaming, times=times)
    rest = size - chunks + 1
    client = gateway.request("one", *[b"x"] * (chunks - 1), b"x" * rest)
    attempt = gateway.attempt("one", bytes(client.body))
    attempt.respond(200)
    assert gateway.properties[client.id, b"can"] == str(can).encode()


def test_the_first_stage_does_not_ask_the_plugin_a_second_time() -> None:
    gateway = TwoStages(second)
    client = gateway.request("one", b"1")
    assert gateway.attempt("one", b"1").respond(200, b"good") == [b"GOOD"]
    assert client.response_headers(200) == PASS_WHOLE
    assert client.respond_body(b"GOOD") == [b"GOOD"]
    assert client.edits == []


def test_a_gateway_that_does_not_send_the_request_once_more_is_told_so_in_the_log() -> None:
    gateway = TwoStages(second)
    client = gateway.request("one", b"1")
    assert gateway.attempt("one", b"1").respond(503, b"busy") is None
    assert client.response_headers(503) == PASS_WHOLE
    assert "no retry policy" in gateway.messages[0]
    assert client.edits == []


def test_an_answer_to_a_call_out_gives_up_the_attempt_that_waits() -> None:
    gateway = TwoStages(second, when="call")
    gateway.request("one", b"1")
    first = gateway.attempt("one", b"1")
    assert first.response_headers(503) == STOP_ALL
    gateway.answer()
    assert first.reply
    assert first.reply.again
    assert is_request(gateway.attempt("one", b"1"), 2, b"again: 1")


others: Plugin[dict[str, Any]] = Plugin("others")


@others.on_request_headers
def give_up_all(ctx: HttpContext, config: dict[str, Any]) -> None:
    """Those that wait for their response, or hold it."""
    for waiting in config.setdefault("waiting", []):
        waiting.send_again("POST", "/v2", headers={"x-attempt": "2"})
    config["waiting"] = [ctx]


@others.on_response_headers
def hold_failures(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    return None if ctx.response_headers[":status"] == "200" else Action.STOP_ITERATION


@others.on_streaming_response_body
def pass_chunks(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    return chunk


@pytest.mark.parametrize("arrived", [False, True])
def test_nothing_of_a_response_goes_on_that_another_streams_phase_has_given_up(arrived: bool) -> None:
    """The gateway can be told only after that phase, and the response may come before."""
    gateway = TwoStages(others)
    gateway.request("one")
    first = gateway.attempt("one")
    if arrived:
        first.response_headers(503)
    gateway.request("two")
    assert first.reply is None
    if not arrived:
        assert first.response_headers(503) == STOP_ALL
    assert first.response_body(b"busy") == STOP_BODY
    assert first.response_trailers() == STOP_TRAILERS
    gateway.tick()
    assert first.reply
    assert first.reply.again
    assert first.response_headers(503, end=True) == PASS_WHOLE, "of the reply"
    again = gateway.attempt("one")
    assert is_request(again, 2, b"")
    assert again.respond(200, b"good") == [b"good"]
    assert gateway.messages == []


def broken(gateway: TwoStages, does: str) -> Stream:
    """The attempt after one whose response has broken off while the plugin held it; its headers have not arrived."""
    gateway.request("one", b"1")
    first = gateway.attempt("one", b"1")
    first.response_headers(503)
    first.details = f"the upstream has gone: {does}".encode()
    first.end()
    return Stream(gateway, SECOND, ahead=False)


@pytest.mark.parametrize("does", ["again", "reply", "call", "nothing"])
def test_after_a_response_that_breaks_off_the_plugin_is_asked_in_the_next_attempt(does: str) -> None:
    gateway = TwoStages(second, when="whole", broken=does)
    attempt = broken(gateway, does)
    action = attempt.request_headers([*REQUEST, EXCHANGE], False)
    assert (action == STOP_ALL) == (does == "call")
    if does == "call":
        gateway.answer()
        assert attempt.continued == [0]
    if does in ("again", "call"):
        assert not attempt.reply
        attempt.request_body(b"1")
        assert is_request(attempt, 2, b"again: 1")
        return
    assert attempt.reply
    assert not attempt.reply.again
    assert attempt.reply.status == 502
    if does == "reply":
        assert attempt.reply.headers["x-why"] == "the upstream has gone: reply"


def test_before_the_trailers_of_a_request_goes_the_plugins_body() -> None:
    gateway = TwoStages(second)
    gateway.request("one", b"1")
    assert gateway.attempt("one", b"1").respond(503, b"busy") is None
    again = Stream(gateway, SECOND, ahead=False)
    again.request_headers([*REQUEST, EXCHANGE], False)
    assert again.request_trailers(b"1") == 0
    assert is_request(again, 2, b"again: 1")


def test_a_request_with_nothing_but_trailers_is_sent_again_without_a_body() -> None:
    gateway = TwoStages(second)
    client = Stream(gateway, FIRST, ahead=False)
    client.request_headers([*REQUEST, EXCHANGE], False)
    client.request_trailers()
    for number in (1, 2):
        attempt = Stream(gateway, SECOND, ahead=False)
        attempt.request_headers([*REQUEST, EXCHANGE], False)
        assert attempt.request_trailers() == 0
        assert number == 1 or is_request(attempt, 2, b"")
        assert attempt.respond(503, b"busy") is None
        assert attempt.reply
        assert attempt.reply.again
    assert client.reply is None


@pytest.mark.parametrize("when", ["headers", "call"])
@pytest.mark.parametrize("trailers", [False, True])
def test_without_a_place_for_the_plugins_body_the_client_gets_an_error(when: str, trailers: bool) -> None:
    """Nothing is sent: neither the client's request once more nor the plugin's without its body."""
    gateway = TwoStages(second, when="headers" if when == "headers" else "whole", broken="call")
    client = gateway.request("one", b"1")
    first = gateway.attempt("one", b"1")
    if when == "headers":
        assert first.respond(503, b"busy") is None
    else:
        first.response_headers(503)
    first.end()
    again = Stream(gateway, SECOND, ahead=False)
    action = again.request_headers([*REQUEST, EXCHANGE], not trailers)
    if when == "call":
        gateway.answer()
    if trailers:
        action = again.request_trailers()
    assert action in (STOP_ALL, STOP_TRAILERS)
    assert trailers or again.continued == []
    assert client.reply
    assert client.reply.body == NO_PLACE.body


@pytest.mark.parametrize("status", [200, 503])
def test_requests_without_a_body(status: int) -> None:
    gateway = TwoStages(second)
    gateway.request("one")
    first = gateway.attempt("one")
    first.respond(status)
    assert bool(first.reply) == (status == 503)
    if first.reply:
        assert is_request(gateway.attempt("one"), 2, b"")


def test_staged_streams_are_only_for_gateways_with_a_second_stage() -> None:
    gateway = TwoStages(second, _sends_again_=0)
    gateway.request("one", b"1")
    assert objects(gateway, AdapterStream)
    assert objects(gateway, StagedStream) == []
