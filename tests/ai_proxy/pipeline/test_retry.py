"""`retryOnFailure`: a failed request is repeated with another token before the client sees the failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.converting import SAMPLES, STREAMING
from tests.ai_proxy.gateway import NATIVE, Json, gateway_with, native_event, warnings
from tests.ai_proxy.natives import GEMINI, VERTEX

from proxywasm_host.recordings.exchange import Message
from proxywasm_host.testing import TestHost, TestStream, chat_request, chat_response, chat_stream, request, response

KEYS = ["k1", "k2", "k3"]
RETRY: Json = {"enabled": True, "maxRetries": 5}
OPENAI: Json = {"type": "openai", "apiTokens": KEYS, "retryOnFailure": RETRY}
pytestmark = pytest.mark.usefixtures("both_ways")
FAILURE = response(503, {"retry-after": "7"}, json={"error": {"message": "busy", "type": "x"}})


def failed(host: TestHost, sent: Message | None = None, answer: Message = FAILURE) -> TestStream:
    stream = host.request(chat_request("Hi") if sent is None else sent)
    stream.respond(answer)
    return stream


def key(headers: Any) -> str:
    return str(headers["authorization"]).removeprefix("Bearer ")


def test_the_client_gets_the_answer_to_the_retry() -> None:
    host = gateway_with(OPENAI)
    stream = failed(host, chat_request("Hi", headers={"x-trace": "7", "anthropic-beta": "b"}))
    call = host.next_call()
    assert (call.method, call.path, call.host) == ("POST", "/v1/chat/completions", "api.openai.com")
    assert call.cluster == "outbound|443||llm-default.internal.dns"
    assert call.body == stream.upstream.body
    assert (call.headers["x-trace"], call.headers["anthropic-beta"]) == ("7", "b")
    assert not stream.downstream
    call.answer(chat_response("Hello"))
    assert stream.reply is not None
    assert stream.reply.status == 200
    assert json.loads(stream.reply.body)["choices"][0]["message"]["content"] == "Hello"


def test_no_token_is_used_twice() -> None:
    host = gateway_with(OPENAI)
    stream = failed(host)
    used = [key(stream.upstream.headers)]
    while host.pending:
        used.append(key(host.calls[-1].headers))
        host.next_call().answer(FAILURE)
    assert sorted(used) == KEYS
    assert stream.downstream.status == 503, "in the end the client sees the first failure"
    assert stream.downstream.headers["retry-after"] == "7"


def test_there_are_no_more_attempts_than_configured() -> None:
    host = gateway_with(OPENAI, retryOnFailure={"enabled": True})
    failed(host)
    host.next_call().answer(FAILURE)
    assert not host.pending


@pytest.mark.parametrize(
    "changes",
    [{"retryOnFailure": {}}, {"apiTokens": ["k1"]}, {"apiTokens": ["k1", "k1"]},
     {"retryOnFailure": {**RETRY, "retryOnStatus": ["429"]}}, {"retryOnFailure": {**RETRY, "maxRetries": 0}}],
)  # fmt: skip
def test_a_failure_that_is_not_to_be_retried_goes_to_the_client_at_once(changes: Json) -> None:
    host = gateway_with(OPENAI, **changes)
    assert failed(host).downstream.status == 503
    assert not host.calls


def test_status_expressions_fit_the_whole_status() -> None:
    """Weakness 31: `4.*` is not 204 or 304, and `50.` is not 5031."""
    host = gateway_with(OPENAI, retryOnFailure={**RETRY, "retryOnStatus": ["4.*"]})
    stream = failed(host, answer=response(204))
    assert stream.downstream.status == 204
    assert not host.calls


def test_any_api_is_retried_as_the_same_api() -> None:
    """Weakness 28: also those without a body, with their own method and path."""
    host = gateway_with(OPENAI)
    failed(host, request("POST", "/v1/embeddings", json={"model": "e", "input": "x"}))
    assert host.calls[-1].path == "/v1/embeddings"
    failed(host, request("GET", "/v1/files/f%2F1?limit=2"), response(500))
    assert (host.calls[-1].method, host.calls[-1].path) == ("GET", "/v1/files/f%2F1?limit=2")


def test_a_failure_without_body_is_retried_and_otherwise_explained() -> None:
    host = gateway_with(OPENAI)
    stream = failed(host, answer=response(502))
    host.next_call().answer(chat_response("Hello"))
    assert stream.reply is not None
    assert stream.reply.status == 200
    other = failed(host, answer=response(502))
    host.next_call().fail()
    host.next_call().fail()
    assert other.reply is not None
    assert json.loads(other.reply.body)["error"]["type"] == "server_error"


def test_a_stream_is_retried_in_one_piece() -> None:
    host = gateway_with(OPENAI)
    stream = failed(host, chat_request("Hi", stream=True))
    host.next_call().answer(chat_stream(["Hel", "lo"]))
    assert stream.reply is not None
    assert dict(stream.reply.headers)["content-type"] == "text/event-stream"
    assert stream.reply.body.endswith(b"data: [DONE]\n\n")


def streaming(provider: Json, **changes: Any) -> tuple[TestHost, TestStream]:
    host = gateway_with(provider, retryOnFailure=RETRY, apiTokens=KEYS, **changes)
    stream = host.request(chat_request("Hi", stream=True))
    stream.response_headers(200, {"content-type": "text/event-stream", "retry-after": "7"})
    return host, stream


QWEN_ERROR = b'event:error\ndata:{"code":"Throttling","message":"slow"}\n\n'
OPENAI_ERROR = b'data: {"error":{"message":"slow","code":429}}\n\n'
BEGUN_WITH_AN_ERROR = pytest.mark.parametrize(
    ("provider", "error"), [(NATIVE, QWEN_ERROR), (OPENAI, OPENAI_ERROR)], ids=["converted", "passed on"]
)


@BEGUN_WITH_AN_ERROR
@pytest.mark.parametrize("cut", [0, 1, 20, -2, -1])
def test_a_stream_that_begins_with_an_error_is_retried(provider: Json, error: bytes, cut: int) -> None:
    """For each cut of its first event, and any later events."""
    host, stream = streaming(provider)
    for chunk in filter(None, [error[:cut], error[cut:]]):
        assert stream.response_body(chunk) == b""
    assert not stream.downstream
    assert stream.response_body(b": more\n\n", end_of_stream=True) == b""
    call = host.next_call()
    assert key(call.headers) != key(stream.upstream.headers)
    assert call.body == stream.upstream.body
    call.answer(200, {"content-type": "text/event-stream"}, native_event("Hi", "stop"))
    assert stream.reply is not None
    assert stream.reply.status == 200
    assert b"Hi" in stream.reply.body


@BEGUN_WITH_AN_ERROR
def test_when_all_tokens_fail_a_stream_that_began_with_an_error_is_one(provider: Json, error: bytes) -> None:
    host, stream = streaming(provider)
    stream.response_body(error)
    used = [key(stream.upstream.headers)]
    while host.pending:
        used.append(key(host.calls[-1].headers))
        host.next_call().answer(200, {"content-type": "text/event-stream"}, error)
    assert sorted(used) == KEYS
    assert stream.reply is not None
    assert (stream.reply.status, json.loads(stream.reply.body)["error"]["message"]) == (429, "slow")


@BEGUN_WITH_AN_ERROR
def test_an_error_that_is_not_retried_keeps_its_status(provider: Json, error: bytes) -> None:
    host = gateway_with(provider, retryOnFailure={})
    stream = host.request(chat_request("Hi", stream=True))
    stream.respond(200, {"content-type": "text/event-stream"}, error)
    assert (stream.downstream.status, stream.downstream.json()["error"]["message"]) == (429, "slow")


@pytest.mark.parametrize(
    ("provider", "event"),
    [(NATIVE, native_event("Hi")), (OPENAI, b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n')],
    ids=["converted", "passed on"],
)
def test_a_stream_that_has_begun_is_not_retried(provider: Json, event: bytes) -> None:
    host, stream = streaming(provider)
    assert stream.response_body(event[:9]) == b""
    assert b"Hi" in stream.response_body(event[9:])
    assert b"slow" in stream.response_body(QWEN_ERROR if provider is NATIVE else OPENAI_ERROR, end_of_stream=True)
    assert not host.calls
    assert stream.downstream.status == 200


def test_a_client_that_leaves_a_stream_ends_its_retry() -> None:
    host, stream = streaming(OPENAI)
    stream.response_body(OPENAI_ERROR)
    stream.finish()
    assert host.calls[-1].status == "cancelled"


PICTURE = "https://pictures.example.com/1.png"
WITH_PICTURE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]


def test_a_retry_does_not_fetch_the_files_again() -> None:
    """They are a part of the request, which does not change."""
    host = gateway_with(GEMINI, apiTokens=["k1", "k2"], retryOnFailure=RETRY)
    stream = host.request(chat_request(WITH_PICTURE, model="gemini-2.5-pro"))
    host.next_call(path="/1.png").answer(200, {"content-type": "image/png"}, b"\x89PNG\r\n\x1a\n")
    assert b"inlineData" in stream.upstream.body
    stream.respond(response(500, json={"error": {"code": 500, "message": "down", "status": "INTERNAL"}}))
    call = host.next_call()
    assert call.body == stream.upstream.body
    assert {call.headers["x-goog-api-key"], stream.upstream.headers["x-goog-api-key"]} == {"k1", "k2"}
    call.answer(json={"candidates": [{"content": {"parts": [{"text": "A picture"}]}, "finishReason": "STOP"}]})
    assert stream.reply is not None
    assert b"A picture" in stream.reply.body


def test_a_key_that_stands_in_the_path_is_another_there() -> None:
    """Vertex AI in express mode. The keys need quoting, and one is a part of the other."""
    host = gateway_with(VERTEX, apiTokens=["a+/b", "a+/b=="], retryOnFailure=RETRY)
    stream = host.request(chat_request("Hi", model="gemini-2.5-pro"))
    assert stream.upstream.path.endswith(":generateContent?key=a%2B%2Fb")
    stream.respond(response(503, json={"error": {"code": 503, "message": "down", "status": "UNAVAILABLE"}}))
    call = host.next_call()
    assert call.path.endswith(":generateContent?key=a%2B%2Fb%3D%3D")
    assert call.body == stream.upstream.body
    assert "authorization" not in call.headers


def test_answers_to_retries_are_converted() -> None:
    qwen = {"type": "qwen", "qwenEnableCompatible": False, "apiTokens": KEYS, "retryOnFailure": RETRY}
    host = gateway_with(qwen)
    stream = failed(host, answer=response(429, json={"code": "Throttling", "message": "slow"}))
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
    host.next_call().answer(json={"output": {"choices": [choice]}, "request_id": "r"})
    assert stream.reply is not None
    assert json.loads(stream.reply.body)["choices"][0]["message"]["content"] == "Hello"


def test_an_error_in_an_answer_of_status_200_is_retried_as_the_status_that_it_means() -> None:
    sample = SAMPLES[STREAMING[0]]
    document, status, message = sample.error
    host = gateway_with({**sample.config, "apiTokens": ["k1", "k2"], "retryOnFailure": RETRY})
    stream = failed(host, answer=response(json=document))
    assert not stream.downstream
    host.next_call().answer(json=document)
    assert (stream.downstream.status, stream.downstream.json()["error"]["message"]) == (status, message)


def test_a_retry_that_is_answered_with_nonsense_has_failed() -> None:
    host = gateway_with(OPENAI, apiTokens=["k1", "k2"])
    stream = failed(host)
    host.next_call().answer(200, {"content-type": "text/html"}, "<html>")
    assert stream.downstream.status == 503


def test_replies_of_the_gateway_are_not_retried() -> None:
    host = gateway_with(OPENAI)
    stream = host.request(chat_request("Hi"))
    stream._stream.response_headers([(":status", "503")], True, "no_healthy_upstream")
    host.settle()
    assert stream.downstream.status == 503
    assert not host.calls


def test_a_token_rests_as_long_as_the_service_asks() -> None:
    """`Retry-After` applies to the token that got it; other tokens are used meanwhile."""
    host = gateway_with(OPENAI, retryOnFailure={})
    failed(host)  # k1
    used = [key(host.request(chat_request("Hi")).upstream.headers) for _ in range(4)]
    assert set(used) == {"k2", "k3"}
    host.advance(8)
    used = [key(host.request(chat_request("Hi")).upstream.headers) for _ in range(3)]
    assert set(used) == set(KEYS)


@pytest.mark.parametrize("retries", [{}, {"retryOnFailure": {"enabled": True, "retryOnStatus": ["429"]}}])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1beta/models/gemini-2.5-pro:generateContent"])
def test_a_token_rests_as_long_as_google_asks_in_the_body(retries: Json, path: str) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
    error = {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED", "details": [info]}
    keys = {f"AIza-number-{number}" for number in range(3)}
    host = gateway_with({"type": "gemini", "apiTokens": [*keys], **retries})
    body: Json = {"model": "gemini-2.5-pro", "messages": [{"role": "user", "content": "Hi"}], "contents": []}

    def used() -> tuple[TestStream, str]:
        stream = host.request(request("POST", path, json=body))
        return stream, stream.upstream.headers["x-goog-api-key"]

    stream, resting = used()
    stream.respond(response(429, json={"error": error}))
    assert {used()[1] for _ in range(6)} == keys - {resting}
    host.advance(8)
    assert {used()[1] for _ in range(6)} == keys


def test_a_client_that_leaves_ends_the_retry() -> None:
    host = gateway_with(OPENAI)
    stream = failed(host)
    stream.finish()
    assert host.calls[-1].status == "cancelled"


def test_no_log_line_has_a_token() -> None:
    host = gateway_with(OPENAI, apiTokens=["sk-secret-1", "sk-secret-2"])
    failed(host)
    host.next_call().answer(FAILURE)
    assert "secret" not in "\n".join(host.messages)


def test_expressions_are_checked_when_the_configuration_is_loaded() -> None:
    provider = {**OPENAI, "retryOnFailure": {"enabled": True, "retryOnStatus": ["5.*", "("]}}
    assert "retryOnFailure.retryOnStatus[1]: not a regular expression" in warnings({"provider": provider})[0]


def test_an_answer_that_breaks_off_is_retried_before_the_client_has_got_any_of_it() -> None:
    host = gateway_with(OPENAI)
    stream = host.request(chat_request("Hi"))
    stream.response_headers(200, {"content-type": "application/json", "content-length": "1000"})
    stream.response_body(b'{"id"')
    stream.break_off()
    host.next_call().answer(chat_response("Hello"))
    assert stream.reply is not None
    assert json.loads(stream.reply.body)["choices"][0]["message"]["content"] == "Hello"


def test_while_a_retry_is_under_way_the_failed_answer_may_break_off() -> None:
    host = gateway_with(OPENAI)
    stream = host.request(chat_request("Hi", stream=True))
    stream.response_headers(200, {"content-type": "text/event-stream"})
    stream.response_body(b'data: {"error":{"message":"slow","code":429}}\n\n')
    stream.break_off()
    assert len(host.calls) == 1
    host.next_call().answer(chat_stream(["Hello"]))
    assert stream.reply is not None
    assert b"Hello" in stream.reply.body
