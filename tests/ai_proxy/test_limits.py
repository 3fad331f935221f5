"""Input above a limit is refused in the client's protocol; all other input fits into the host's limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.ai_proxy.gateway import COMPATIBLE, NATIVE, Json, gateway_with
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, OPENAI
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header
from tests.ai_proxy.test_bounds import CHAT, fields, with_images
from tests.ai_proxy.worst_bodies import calls, chat, padded, user

from ai_proxy.config.settings import Settings
from ai_proxy.pipeline import messages
from ai_proxy.pipeline.promoted_thinking import Promotion
from ai_proxy.protocols import clients
from ai_proxy.protocols.anthropic.parts import Brackets
from ai_proxy.protocols.anthropic.stream_writer import ClaudeWriter
from ai_proxy.wire import limits
from ai_proxy.wire.apis import Route
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.json import BOUNDS, check_together, loads
from ai_proxy.wire.memory_budget import MemoryBudget
from ai_proxy.wire.multipart import MultipartError
from ai_proxy.wire.multipart import read as read_form
from benchmarks.lowering.counting import CountingGateway
from proxywasm import JsonTooComplexError
from proxywasm_host.testing import request

JSON = {"content-type": "application/json"}
TOO_LARGE = b'{"model": "m", "input": "' + b"a" * limits.BODY + b'"}'
TOO_MANY = json.dumps({"model": "m", "input": [1] * BOUNDS.values}).encode()
TOO_DEEP = b'{"model": "m", "x": ' + b"[" * 300 + b"]" * 300 + b"}"
PATHS = ["/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/completions"]


def error_of(path: str, body: bytes) -> tuple[str, str]:
    """Type and message of an error in the format for this path."""
    document = json.loads(body)
    if path == "/v1/messages":
        assert document["type"] == "error"
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
    return document["error"]["type"], document["error"]["message"]


# Requests.


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("known", [True, False], ids=["length", "chunks"])
def test_a_request_with_too_many_bytes_is_413_in_the_protocol_of_its_client(path: str, known: bool) -> None:
    host = gateway_with(COMPATIBLE)
    length = {"content-length": str(len(TOO_LARGE))} if known else {}
    stream = host.request(request("POST", path, {**JSON, **length}, TOO_LARGE))
    kind, message = error_of(path, stream.downstream.body)
    assert stream.downstream.status == 413
    assert stream.downstream.headers["content-type"] == "application/json"
    assert kind == ("request_too_large" if path == "/v1/messages" else "invalid_request_error")
    assert str(limits.BODY) in message
    assert not stream.upstream


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body", [TOO_MANY, b'{"model": "m", "x": ' + b"[" * 300 + b"]" * 300 + b"}"], ids=["many", "deep"]
)
def test_a_request_with_too_much_in_it_is_413_in_the_protocol_of_its_client(path: str, body: bytes) -> None:
    stream = gateway_with(COMPATIBLE).request(request("POST", path, JSON, body))
    assert stream.downstream.status == 413
    assert "too much in it" in error_of(path, stream.downstream.body)[1]
    assert not stream.upstream


def test_json_in_a_string_counts_where_it_is_parsed() -> None:
    host = gateway_with(CLAUDE)
    one = '{"a":[' + "1," * (BOUNDS.values // 3) + "1]}"
    assert host.request(chat_of(calls(2, one))).upstream
    stream = host.request(chat_of(calls(4, one)))
    assert stream.downstream.status == 413
    check_together(['"' + "," * 200_000, '["' + "," * 900_000 + '"]'])  # an unfinished text says nothing of the next
    with pytest.raises(JsonTooComplexError):
        check_together(['"', "[" + "1," * 300_000, "[" + "1," * 300_000])


def chat_of(*more: Json) -> Any:
    return request("POST", "/v1/chat/completions", JSON, json.dumps(chat("m", user("a"), *more)))


@pytest.mark.parametrize("text", ["lorem, [ipsum] {dolor} ", '{\\"a\\": [1, \\"2\\"]}, '])
def test_long_texts_with_commas_and_brackets_are_admitted(text: str) -> None:
    document = loads(padded(chat("m", user("@@@@")), text))
    assert len(document["messages"][0]["content"]) > limits.BODY / 2


def test_a_body_is_refused_for_what_comes_before_the_place_where_it_is_broken() -> None:
    """Otherwise a quotation mark behind the values would hide them."""
    for tail in (b'"', b'\\"', b'\\\\"', b""):
        with pytest.raises(JsonTooComplexError):
            loads(b"[" + b"1," * BOUNDS.values + tail)


def test_numbers_of_many_digits_are_refused_where_they_matter() -> None:
    assert loads(b"[" + b"9" * BOUNDS.digits + b"]")
    assert loads(b'["' + b"9" * 100_000 + b'"]')
    with pytest.raises(JsonTooComplexError):
        loads(b"[" + b",".join([b"9" * (BOUNDS.digits + 1)] * 1000) + b"]")


def test_a_number_of_too_many_digits_is_found_wherever_it_stands() -> None:
    number, padding = b"9" * (BOUNDS.digits + 1), b" " * BOUNDS.harmless
    for shift in range(11):
        assert loads(padding + b" " * shift + number[1:])
        with pytest.raises(JsonTooComplexError):
            loads(padding + b" " * shift + number)


def test_neighbours_are_joined() -> None:
    run: list[Json] = [user(f"{n}") for n in range(1000)]
    assert messages._merge(run) == [user("\n\n".join(map(str, range(1000))))]
    (with_parts,) = messages._merge([*run, user([{"type": "text", "text": "x"}]), *run])
    assert len(with_parts["content"]) == 1 + 1 + 1000


@pytest.mark.slow
@pytest.mark.envoy
def test_neighbours_are_joined_in_proportion_to_their_number(ai_proxy_module: Path) -> None:
    config = json.dumps({"provider": {**COMPATIBLE, "mergeConsecutiveMessages": True}})
    gateway = CountingGateway(ai_proxy_module, config)

    def work(times: int) -> int:
        before = gateway.executed
        body = json.dumps(chat("m", *[user([{"type": "text", "text": "a"}])] * times)).encode()
        gateway.exchange(fields(CHAT), body, [(":status", "500")], [b"{}"])
        return gateway.executed - before

    work(1500)
    assert work(15_000) < 15 * work(1500)


def test_parts_and_headers_of_a_form_are_bounded() -> None:
    part = b'--b\r\ncontent-disposition: form-data; name="x"\r\n\r\ny\r\n'
    assert len(read_form(part * limits.FORM_PARTS + b"--b--", b"b")) == limits.FORM_PARTS
    with pytest.raises(MultipartError, match="parts"):
        read_form(part * (limits.FORM_PARTS + 1) + b"--b--", b"b")
    with pytest.raises(MultipartError, match="bytes of headers"):
        read_form(b"--b\r\nx: " + b"y" * limits.FORM_HEADERS + b"\r\n\r\ny\r\n--b--", b"b")


def test_the_bytes_of_all_requests_in_an_instance_are_bounded() -> None:
    memory_budget, (one, other) = (
        MemoryBudget(100),
        (clients.new_exchange(Settings(type="x"), Route("")) for _ in range(2)),
    )
    assert memory_budget.reserve(one, 60)
    assert not memory_budget.reserve(other, 60)
    assert memory_budget.reserve(one, 40)  # instead of what it had
    assert memory_budget.reserve(other, 60)
    memory_budget.release(one)
    memory_budget.release(one)
    assert memory_budget.used == 60


# Answers.


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("known", [True, False], ids=["length", "chunks"])
@pytest.mark.parametrize("status", [200, 429])
def test_an_answer_with_too_many_bytes_is_an_error_in_the_protocol_of_the_client(
    path: str, known: bool, status: int
) -> None:
    stream = gateway_with(GEMINI).request(request("POST", path, JSON, json.dumps(chat("m"))))
    body = b'{"output": "' + b"a" * (limits.BODY if status == 200 else limits.ERROR_BODY) + b'"}'
    stream.respond(status, {**JSON, **({"content-length": str(len(body))} if known else {})}, body)
    assert stream.downstream.status == (502 if status == 200 else 429)
    assert error_of(path, stream.downstream.body)


def test_an_answer_with_too_much_in_it_is_an_error() -> None:
    stream = gateway_with(NATIVE).request(chat_of())
    stream.respond(200, JSON, b'{"output": [' + b"1," * BOUNDS.values + b"1]}")
    assert stream.downstream.status == 502
    assert "too much in it" in stream.downstream.text


# Streams.

ENDLESS = b"data: " + b"a" * 1_000_000
EVENTS = {"content-type": "text/event-stream"}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("provider", [OPENAI, GEMINI], ids=lambda one: one["type"])
def test_an_event_without_end_ends_the_stream_with_an_error(provider: Json, path: str) -> None:
    host = gateway_with(provider)
    stream = host.request(request("POST", path, JSON, json.dumps({**chat("m"), "stream": True})))
    stream.response_headers(200, EVENTS)
    for _ in range(limits.EVENT // len(ENDLESS) + 2):
        stream.response_body(ENDLESS)
    assert stream.downstream.status == 502
    assert str(limits.EVENT) in error_of(path, stream.downstream.body)[1]


def test_a_frame_without_end_is_an_error() -> None:
    stream = gateway_with(BEDROCK).request(
        request("POST", "/v1/chat/completions", JSON, json.dumps({**chat("anthropic.claude-3"), "stream": True}))
    )
    whole = frame(b"{}" + b" " * limits.EVENT, header(":event-type", "messageStart"))
    stream.response_headers(200, {"content-type": "application/vnd.amazon.eventstream"})
    stream.response_body(whole[:1000])
    assert stream.downstream.status == 502


def test_reasoning_does_not_wait_for_ever() -> None:
    promotion = Promotion()
    piece = {"reasoning_content": "a" * 1_000_000}
    out = [promotion.deltas(0, piece) for _ in range(limits.HELD_TEXT // 1_000_000 + 1)]
    assert [len(one) for one in out if one] == [len(out)]
    assert promotion.deltas(0, piece) == [piece]


def test_data_that_waits_for_the_end_of_a_tool_call_is_bounded() -> None:
    writer = ClaudeWriter("m")
    piece = {"index": 1, "id": "b", "function": {"name": "g", "arguments": "a" * 1_000_000}}
    writer.delta(0, {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}]})
    for _ in range(limits.HELD_TEXT // 1_000_000):
        writer.delta(0, {"tool_calls": [piece]})
    with pytest.raises(ApiError, match="leaves a tool call open"):
        writer.delta(0, {"tool_calls": [piece]})


@pytest.mark.parametrize("text", ['{"a": "}\\"}", "b": [{}]}', "{}", '{"\\\\": {"x": "\\\\\\""}}'])
def test_the_end_of_an_object_is_found_however_it_is_cut(text: str) -> None:
    for size in range(1, len(text) + 1):
        brackets = Brackets()
        for start in range(0, len(text), size):
            assert not brackets.closed
            brackets.feed(text[start : start + size])
        assert brackets.closed


# Streams that only pass.


def test_a_stream_that_is_not_read_is_passed_on_whatever_is_in_it() -> None:
    host = gateway_with(CLAUDE, protocol="original")
    stream = host.request(request("POST", "/v1/messages", JSON, json.dumps({**chat("m"), "stream": True})))
    stream.response_headers(200, EVENTS)
    assert all(stream.response_body(ENDLESS) == ENDLESS for _ in range(20))


@pytest.mark.parametrize("provider", [OPENAI, GEMINI], ids=lambda one: one["type"])
def test_large_events_that_are_arriving_are_bounded_all_together(provider: Json) -> None:
    """Each stream alone stays within its bound."""
    host = gateway_with(provider)
    half = limits.EVENT // 2 - 100
    streams = []
    for _ in range(limits.MEMORY_BUDGET // half + 1):
        stream = host.request(chat_of_stream())
        stream.response_headers(200, EVENTS)
        stream.response_body(b"data: " + b"a" * half)
        streams.append(stream)
    *others, last = streams
    assert (last.downstream.status, json.loads(last.downstream.body)["error"]["code"]) == (503, "overloaded")
    assert not any(one.downstream for one in others)
    others[0].finish()
    again = host.request(chat_of_stream())
    again.response_headers(200, EVENTS)
    again.response_body(b"data: " + b"a" * half)
    assert not again.downstream


def chat_of_stream() -> Any:
    return request("POST", "/v1/chat/completions", JSON, json.dumps({**chat("m"), "stream": True}))


def test_text_that_each_event_repeats_is_bounded_for_all_choices_together() -> None:
    stream = gateway_with({**NATIVE, "customSettings": [{"name": "n", "value": 3}]}).request(
        request("POST", "/v1/chat/completions", JSON, json.dumps({**chat("m"), "stream": True, "tools": [{}]}))
    )
    stream.response_headers(200, EVENTS)
    for index in range(5):
        text = "a" * (limits.HELD_TEXT // 4)
        event = {"output": {"choices": [{"index": index, "message": {"content": text}, "finish_reason": "null"}]}}
        stream.response_body(f"data: {json.dumps(event)}\n\n".encode())
    assert b"repeats more in each event than can be kept" in stream.downstream.body[-500:]


# Files that requests name.


def naming_files(count: int) -> Any:
    return request("POST", "/v1/chat/completions", JSON, json.dumps(with_images(count, "Hi")))


def test_requests_that_wait_for_files_count_only_what_has_arrived() -> None:
    """However large the files might be: with these at their bound hardly any could wait at the same time."""
    host = gateway_with(GEMINI)
    streams = [host.request(naming_files(1)) for _ in range(2 * limits.MEMORY_BUDGET // limits.FETCHED_FILES)]
    assert all(stream.paused for stream in streams)
    for stream in streams:
        host.next_call().answer(200, body=b"\xff\xd8\xff")
        assert stream.upstream.ended


def test_files_that_have_arrived_are_bounded_all_together() -> None:
    host = gateway_with(GEMINI)
    file = b"\xff" * (limits.FETCHED_FILES - 10_000)  # The requests themselves count, too.
    most = limits.MEMORY_BUDGET // (limits.FETCHED_FILES * 4 // 3)
    streams = [host.request(naming_files(2)) for _ in range(most + 1)]
    calls = host.calls
    for large in calls[::2]:
        large.answer(200, body=file)
    *others, last = streams
    assert (last.downstream.status, json.loads(last.downstream.body)["error"]["code"]) == (503, "overloaded")
    assert all(stream.paused for stream in others)
    calls[1].answer(200, body=b"1")
    assert others[0].upstream.ended
    again = host.request(naming_files(2))
    large, small = host.calls[-2:]
    large.answer(200, body=file)
    small.answer(200, body=b"1")
    assert again.upstream.ended, "what has been sent does not count any more"
