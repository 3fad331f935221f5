"""Embeddings of several texts by models that take one a request: each text is a request of its own."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from tests.ai_proxy.gateway import RUNNING, Json, gateway_with
from tests.ai_proxy.natives import BEDROCK

from ai_proxy.wire import limits
from proxywasm_host.recordings.exchange import Message
from proxywasm_host.testing import TestHost, TestStream, request, response

SIGNED: Json = {"type": "bedrock", "awsAccessKey": "AKIA1", "awsSecretKey": "s", "awsRegion": "us-east-1"}
TITAN, NOVA = "amazon.titan-embed-text-v2:0", "amazon.nova-2-multimodal-embeddings-v1:0"
HOST = "bedrock-runtime.us-east-1.amazonaws.com"
AT_ONCE = 16


def embedded(model: str, text: str) -> Message:
    """The answer for a text, whose vector is its number."""
    vector = [float(text)]
    if model == TITAN:
        return response(200, json={"embedding": vector, "inputTextTokenCount": 2})
    document = {"embeddings": [{"embeddingType": "TEXT", "embedding": vector}]}
    return response(200, {"x-amzn-bedrock-input-token-count": "2"}, json=document)


def text_of(body: bytes) -> str:
    sent = json.loads(body)
    return str(sent.get("inputText") or sent["singleEmbeddingParams"]["text"]["value"])


def asked(host: TestHost, texts: int, model: str = TITAN, **more: Any) -> TestStream:
    body = {"model": model, "input": [str(number) for number in range(texts)], **more}
    return host.request(request("POST", "/v1/embeddings", json=body))


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("model", [TITAN, NOVA])
def test_the_answers_come_in_the_order_of_the_texts_and_the_usage_is_their_sum(model: str) -> None:
    host = gateway_with(BEDROCK)
    stream = asked(host, 4, model)
    calls = [host.calls[number] for number in (2, 0, 1)]
    for call in calls:
        assert not stream.upstream
        assert (call.method, call.host) == ("POST", HOST)
        assert call.path == f"/model/{model.replace(':', '%3A')}/invoke"
        assert (call.headers["authorization"], call.headers["content-type"]) == ("Bearer bedrock-1", "application/json")
        call.answer(embedded(model, text_of(call.body)))
    stream.respond(embedded(model, text_of(stream.upstream.body)))
    answer = json.loads(stream.downstream.body)
    assert [(one["index"], one["embedding"]) for one in answer["data"]] == [(n, [float(n)]) for n in range(4)]
    assert answer["usage"] == {"prompt_tokens": 8, "total_tokens": 8}


def test_no_more_than_a_few_are_asked_at_once() -> None:
    host = gateway_with(BEDROCK)
    stream = asked(host, 40, encoding_format="base64")
    assert len(host.pending) == AT_ONCE
    while host.pending:
        call = host.next_call()
        call.answer(embedded(TITAN, text_of(call.body)))
        assert len(host.pending) <= AT_ONCE
    stream.respond(embedded(TITAN, text_of(stream.upstream.body)))
    data = json.loads(stream.downstream.body)["data"]
    assert [one["embedding"] for one in data] == [
        base64.b64encode(struct.pack("<f", number)).decode() for number in range(40)
    ]


def test_each_request_has_its_own_signature() -> None:
    host = gateway_with(SIGNED)
    stream = asked(host, 3)
    signatures = set()
    for call in list(host.calls):
        assert call.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA1/")
        signatures.add(call.headers["authorization"])
        call.answer(embedded(TITAN, text_of(call.body)))
    signatures.add(stream.upstream.headers["authorization"])
    assert len(signatures) == 3


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (response(429, {"retry-after": "3"}, json={"message": "Too many requests"}), 429, "Too many requests"),
        (response(400, json={"message": "the key bedrock-1 is wrong"}), 400, "the key *** is wrong"),
        (response(200, body="<html>"), 502, "not JSON"),
        (response(200, json={"embeddings": []}), 502, "0 embeddings"),
        (None, 503, "cannot be reached"),
    ],
)
def test_the_first_error_is_the_answer(answer: Message | None, status: int, message: str) -> None:
    host = gateway_with({**BEDROCK, "apiTokens": ["bedrock-1"]})
    stream = asked(host, 4)
    first, second, third = host.calls
    second.fail() if answer is None else second.answer(answer)
    assert stream.reply is not None
    assert stream.reply.status == status
    assert message in json.loads(stream.reply.body)["error"]["message"]
    assert dict(stream.reply.headers).get("retry-after") == ("3" if status == 429 else None)
    for late in (first, third):
        if late.waiting:
            late.answer(embedded(TITAN, "7"))
    assert not stream.upstream


@pytest.mark.parametrize("status", [200, 403])
def test_a_signature_that_the_service_repeats_is_neither_answered_nor_logged(status: int) -> None:
    host = gateway_with(SIGNED)
    stream = asked(host, 4)
    call = host.next_call()
    signature = call.headers["authorization"].partition("Signature=")[2]
    call.answer(response(status, json={"message": f"the signature {signature} is wrong"}))
    assert stream.reply is not None
    assert "the signature *** is wrong" in json.loads(stream.reply.body)["error"]["message"]
    assert signature not in "".join(map(str, host.logs))


def test_too_many_texts_are_refused() -> None:
    host = gateway_with(BEDROCK)
    stream = asked(host, limits.EMBEDDED_TEXTS + 1)
    assert stream.reply is not None
    assert (stream.reply.status, json.loads(stream.reply.body)["error"]["param"]) == (400, "input")
    assert not host.calls


def test_too_many_numbers_are_refused_before_they_fill_the_memory() -> None:
    host = gateway_with(BEDROCK)
    stream = asked(host, 4)
    large = response(200, json={"embedding": [0.5] * (limits.JSON_VALUES // 2 + 1), "inputTextTokenCount": 1})
    for call in list(host.calls)[:2]:
        call.answer(large)
    assert stream.reply is not None
    assert stream.reply.status == 413
    assert "base64" in json.loads(stream.reply.body)["error"]["message"]


def test_a_client_that_leaves_ends_its_requests() -> None:
    host = gateway_with(BEDROCK)
    asked(host, 3).finish()
    assert [call.status for call in host.calls] == ["cancelled"] * 2


def test_after_a_failure_of_one_text_neither_another_key_nor_another_provider_is_asked() -> None:
    """docs/routing.md says so: the stream's own request has not been sent, so there is none to be sent again."""
    bedrock = {"id": "bedrock", **BEDROCK, "apiTokens": ["b1", "b2"], "retryOnFailure": {"enabled": True}}
    openai = {"id": "openai", "type": "openai", "apiTokens": ["k"], "models": [TITAN]}
    providers = [{**bedrock, "models": [TITAN], "weight": 1}, {**openai, "weight": 0}]
    host = TestHost(RUNNING.source, {"providers": providers, "routing": {"fallback": {}}})
    stream = asked(host, 2)
    host.next_call().answer(response(503, json={"message": "busy"}))
    assert stream.reply is not None
    assert (stream.reply.status, len(host.calls), bool(stream.upstream)) == (503, 1, False)


def test_another_provider_can_be_asked_for_each_text() -> None:
    fallback = {"models": {"e": {"then": [f"bedrock/{TITAN}"]}}}
    openai = {"id": "openai", "type": "openai", "apiTokens": ["k"], "models": ["e"]}
    providers = [openai, {"id": "bedrock", **BEDROCK, "models": [], "cluster": "aws"}]
    host = TestHost(RUNNING.source, {"providers": providers, "routing": {"fallback": fallback}})
    stream = asked(host, 2, "e")
    stream.respond(response(503, json={"error": {"message": "busy"}}))
    part = host.next_call()
    assert (part.cluster, part.host) == ("aws", HOST)
    part.answer(embedded(TITAN, text_of(part.body)))
    stream.respond(embedded(TITAN, text_of(stream.upstream.body)))
    assert [one["embedding"] for one in json.loads(stream.downstream.body)["data"]] == [[0.0], [1.0]]
