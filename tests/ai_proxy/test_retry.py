"""`retryOnFailure`: another token gets a try before the client sees a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.converting import ERRORS, MINIMAX
from tests.ai_proxy.gateway import Json, refusal

from ai_proxy import plugin
from proxywasm_host.exchange import Message
from proxywasm_host.testing import TestHost, TestStream, chat_request, chat_response, chat_stream, request, response

KEYS = ["k1", "k2", "k3"]
RETRY: Json = {"enabled": True, "maxRetries": 5}
OPENAI: Json = {"type": "openai", "apiTokens": KEYS, "retryOnFailure": RETRY}
FAILURE = response(503, {"retry-after": "7"}, json={"error": {"message": "busy", "type": "x"}})


def host_of(provider: Json = OPENAI, **changes: Any) -> TestHost:
    return TestHost(plugin, {"provider": {**provider, **changes}})


def failed(host: TestHost, asked: Message | None = None, answer: Message = FAILURE) -> TestStream:
    stream = host.request(chat_request("Hi") if asked is None else asked)
    stream.respond(answer)
    return stream


def key(headers: Any) -> str:
    return str(headers["authorization"]).removeprefix("Bearer ")


def test_the_client_gets_the_answer_to_the_retry() -> None:
    host = host_of()
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
    host = host_of()
    stream = failed(host)
    used = [key(stream.upstream.headers)]
    while host.pending:
        used.append(key(host.calls[-1].headers))
        host.next_call().answer(FAILURE)
    assert sorted(used) == KEYS
    assert stream.downstream.status == 503, "in the end the client sees the first failure"
    assert stream.downstream.headers["retry-after"] == "7"


def test_there_are_no_more_attempts_than_configured() -> None:
    host = host_of(retryOnFailure={"enabled": True})
    failed(host)
    host.next_call().answer(FAILURE)
    assert not host.pending


@pytest.mark.parametrize(
    "changes",
    [{"retryOnFailure": {}}, {"apiTokens": ["k1"]}, {"apiTokens": ["k1", "k1"]},
     {"retryOnFailure": {**RETRY, "retryOnStatus": ["429"]}}, {"retryOnFailure": {**RETRY, "maxRetries": 0}}],
)  # fmt: skip
def test_a_failure_that_is_not_to_be_retried_goes_to_the_client_at_once(changes: Json) -> None:
    host = host_of(**changes)
    assert failed(host).downstream.status == 503
    assert not host.calls


def test_status_expressions_fit_the_whole_status() -> None:
    """Weakness 31: `4.*` is not 204 or 304, and `50.` is not 5031."""
    host = host_of(retryOnFailure={**RETRY, "retryOnStatus": ["4.*"]})
    stream = failed(host, answer=response(204))
    assert stream.downstream.status == 204
    assert not host.calls


def test_any_api_is_retried_as_what_it_is() -> None:
    """Weakness 28: also those without a body, with their own method and path."""
    host = host_of()
    failed(host, request("POST", "/v1/embeddings", json={"model": "e", "input": "x"}))
    assert host.calls[-1].path == "/v1/embeddings"
    failed(host, request("GET", "/v1/files/f%2F1?limit=2"), response(500))
    assert (host.calls[-1].method, host.calls[-1].path) == ("GET", "/v1/files/f%2F1?limit=2")


def test_a_failure_without_body_is_retried_and_otherwise_explained() -> None:
    host = host_of()
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
    host = host_of()
    stream = failed(host, chat_request("Hi", stream=True))
    host.next_call().answer(chat_stream(["Hel", "lo"]))
    assert stream.reply is not None
    assert dict(stream.reply.headers)["content-type"] == "text/event-stream"
    assert stream.reply.body.endswith(b"data: [DONE]\n\n")


def test_a_stream_that_has_begun_is_not_retried() -> None:
    host = host_of()
    stream = host.request(chat_request("Hi", stream=True))
    stream.response_headers(200, {"content-type": "text/event-stream"})
    stream.response_body(b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')
    stream.response_body(b'data: {"error":{"message":"overloaded"}}\n\n', end_of_stream=True)
    assert not host.calls


def test_answers_to_retries_are_converted() -> None:
    qwen = {"type": "qwen", "qwenEnableCompatible": False, "apiTokens": KEYS, "retryOnFailure": RETRY}
    host = host_of(qwen)
    stream = failed(host, answer=response(429, json={"code": "Throttling", "message": "slow"}))
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
    host.next_call().answer(json={"output": {"choices": [choice]}, "request_id": "r"})
    assert stream.reply is not None
    assert json.loads(stream.reply.body)["choices"][0]["message"]["content"] == "Hello"


def test_an_error_in_an_answer_of_status_200_is_retried_as_the_status_that_it_means() -> None:
    document, status, message = ERRORS["minimax"]
    host = host_of({**MINIMAX, "apiTokens": ["k1", "k2"], "retryOnFailure": RETRY})
    stream = failed(host, answer=response(json=document))
    assert not stream.downstream
    host.next_call().answer(json=document)
    assert (stream.downstream.status, stream.downstream.json()["error"]["message"]) == (status, message)


def test_a_retry_that_is_answered_with_nonsense_has_failed() -> None:
    host = host_of(apiTokens=["k1", "k2"])
    stream = failed(host)
    host.next_call().answer(200, {"content-type": "text/html"}, "<html>")
    assert stream.downstream.status == 503


def test_replies_of_the_gateway_are_not_retried() -> None:
    host = host_of()
    stream = host.request(chat_request("Hi"))
    stream._stream.response_headers([(":status", "503")], True, "no_healthy_upstream")
    host.settle()
    assert stream.downstream.status == 503
    assert not host.calls


def test_a_token_rests_as_long_as_the_service_asks() -> None:
    """`Retry-After` counts for the token that got it; others are used meanwhile."""
    host = host_of(retryOnFailure={})
    failed(host)  # k1
    used = [key(host.request(chat_request("Hi")).upstream.headers) for _ in range(4)]
    assert set(used) == {"k2", "k3"}
    host.advance(8)
    used = [key(host.request(chat_request("Hi")).upstream.headers) for _ in range(3)]
    assert set(used) == set(KEYS)


def test_a_client_that_leaves_ends_the_retry() -> None:
    host = host_of()
    stream = failed(host)
    stream.finish()
    assert host.calls[-1].status == "cancelled"


def test_no_token_is_told_in_a_log() -> None:
    host = host_of(apiTokens=["sk-secret-1", "sk-secret-2"])
    failed(host)
    host.next_call().answer(FAILURE)
    assert "secret" not in "\n".join(host.messages)


def test_expressions_are_checked_when_the_configuration_is_loaded() -> None:
    provider = {**OPENAI, "retryOnFailure": {"enabled": True, "retryOnStatus": ["5.*", "("]}}
    assert "retryOnFailure.retryOnStatus[1]: not a regular expression" in refusal({"provider": provider})
